-- The staged lines of one log, numbered; the words of their TLS stand in columns of their own.
create or replace temp view said_lines as
select *
from read_parquet(getvariable('records_file'), file_row_number = true);
