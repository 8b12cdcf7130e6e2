-- Writes the facts of a period as an edition's facts.csv: canonical order, text always quoted, formulas guarded.
-- Parameters: $path, $first_date, $last_date. In: facts, with text columns after the date and others after them.
-- They are ordered as they are, not as they are guarded (`facts` is the whole row). `text_columns` stands for their names, which COPY takes in no other way; the variable text_columns holds them.
copy (
    select
        data_date,
        guard(columns(lambda name: list_contains(getvariable('text_columns'), name))),
        columns(lambda name: name <> 'data_date' and not list_contains(getvariable('text_columns'), name))
    from facts
    where data_date between $first_date and $last_date
    order by facts
) to $path (
    format csv, header true, delimiter ',', quote '"', escape '"', nullstr '',
    force_quote (text_columns)
);
