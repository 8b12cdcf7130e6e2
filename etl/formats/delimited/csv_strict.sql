-- The same as csv_raw.sql, with a note of each record that is left out in reject_errors, where `line` counts records,
-- the header being the first.
create or replace temp view raw as
select * from template
union all by name
select * from read_csv(
    getvariable('path'),
    columns = getvariable('columns'),
    delim = getvariable('delimiter'),
    max_line_size = getvariable('record_bytes'),
    auto_detect = false,
    skip = getvariable('skipped_lines'),
    header = true,
    quote = '"',
    escape = '"',
    strict_mode = true,
    null_padding = false,
    store_rejects = true,
    rejects_limit = 0
);
