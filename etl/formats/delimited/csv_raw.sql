-- The export's records as text columns under the format's own names. `template` (from the format's columns.sql) adds
-- the columns that this export does not have. What is no record is left out here, and found by counting lines.
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
    ignore_errors = true
);
