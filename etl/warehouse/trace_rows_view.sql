-- Staged rows of the files that count, read from storage when asked for; `set variable storage_root = '…'` first
-- (`etl.warehouse.connect` does). A file staged before under another reader key is told once.
create or replace view trace_rows as
select
    split_part(staged.filename, '/', -4) as source,
    split_part(staged.filename, '/', -3) as sha256,
    staged.* exclude (filename)
from read_parquet(getvariable('storage_root') || '/staged/*/*/*/records.parquet', filename = true, union_by_name = true)
    as staged
semi join staged_files
    on staged_files.source = split_part(staged.filename, '/', -4)
    and staged_files.sha256 = split_part(staged.filename, '/', -3)
    and staged_files.reader_key = split_part(staged.filename, '/', -2);
