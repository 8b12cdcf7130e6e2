-- The accepted records once more, numbered in the file's order: only when some of them must be named. A record's number
-- in the file is found from it and the numbers of the refused ones.
create or replace temp view raw as
select * exclude (record), row_number() over () as record
from (
    select * from template
    union all by name
    select * from read_csv(
        getvariable('path'), columns = getvariable('columns'), delim = getvariable('delimiter'),
        max_line_size = getvariable('record_bytes'), auto_detect = false, skip = getvariable('skipped_lines'),
        header = true, quote = '"', escape = '"', strict_mode = true, null_padding = false, store_rejects = true,
        rejects_limit = 0
    )
);
