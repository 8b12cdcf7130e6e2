-- What SQL asks of the grain, as lists of names. In: the table grain.
-- Out: the variable protection_columns: what is stated of how mail was protected, and whatever was added to it.
set variable protection_columns = (
    select list(column_name)
    from (describe grain)
    where column_name not in (
        'data_date', 'source', 'direction', 'connector', 'partner_domain', 'messages', 'recipients', 'bytes', 'is_estimated'
    )
);
