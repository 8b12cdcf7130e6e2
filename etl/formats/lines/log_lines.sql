-- The file (or its parts) as one text column, a row per line, in its order, without blanks (a carriage return is one by now) at
-- its end. No delimiter and no quote can occur: `log_file` saw to it.
create or replace temp view lines as
select case when ends_with(line, ' ') or ends_with(line, e'\t') then rtrim(line, e' \t') else line end as line, filename
from read_csv(
    getvariable('path'), columns = {'line': 'VARCHAR'}, delim = chr(1), quote = '', escape = '', header = false,
    auto_detect = false, strict_mode = true, null_padding = false, max_line_size = getvariable('line_bytes'),
    filename = true, ignore_errors = true, store_rejects = true, rejects_limit = 0
);
