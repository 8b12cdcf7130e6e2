-- Takes what little other exports told of a missing day for no data of its source.
delete from history_rows
where kind = 'data' and exists (
    select 1 from history_rows as gone
    where gone.kind = 'missing' and gone.first_date = history_rows.first_date and gone.source = history_rows.source
);
