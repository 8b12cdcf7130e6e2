-- Receipts, what staging said of each file, and the sources as they are set: small, so written anew where any changed.
delete from sources;
delete from files;
delete from file_days;
delete from late_rows;
delete from skips;
delete from unknown_words;
delete from staged_files;
delete from origin;
insert into origin select getvariable('evidence_sha256');
insert into sources by name
select * from read_json(getvariable('sources_file'), columns = {
    'source': 'VARCHAR', 'format': 'VARCHAR', 'role': 'VARCHAR', 'expect': 'VARCHAR', 'lateness_days': 'INTEGER',
    'has_date_pattern': 'BOOLEAN'}, format = 'array');
insert into files by name
select * from read_json(getvariable('files_file'), columns = {
    'source': 'VARCHAR', 'sha256': 'VARCHAR', 'name': 'VARCHAR', 'size': 'BIGINT', 'landed_at': 'TIMESTAMP',
    'export_at': 'TIMESTAMP', 'named_date': 'DATE', 'receipts': 'INTEGER', 'state': 'VARCHAR', 'reason': 'VARCHAR',
    'format': 'VARCHAR', 'records': 'BIGINT', 'used': 'BIGINT', 'rejected': 'BIGINT', 'skipped': 'BIGINT',
    'first_date': 'DATE', 'last_date': 'DATE', 'has_identity': 'BOOLEAN', 'is_aggregate': 'BOOLEAN',
    'suspected_cut': 'BOOLEAN'}, format = 'array')
order by source, sha256;
insert into file_days by name
select * from read_json(getvariable('file_days_file'), columns = {
    'source': 'VARCHAR', 'sha256': 'VARCHAR', 'data_date': 'DATE', 'used': 'BIGINT'}, format = 'array')
order by all;
insert into skips by name
select * from read_json(getvariable('skips_file'), columns = {
    'source': 'VARCHAR', 'sha256': 'VARCHAR', 'rule': 'VARCHAR', 'records': 'BIGINT'}, format = 'array')
order by all;
insert into unknown_words by name
select * from read_json(getvariable('unknown_words_file'), columns = {
    'source': 'VARCHAR', 'sha256': 'VARCHAR', 'field': 'VARCHAR', 'word': 'VARCHAR', 'records': 'BIGINT'},
    format = 'array')
order by all;
create or replace temp table reject_files_now as
select * from read_json(getvariable('reject_files_file'), columns = {
    'source': 'VARCHAR', 'sha256': 'VARCHAR', 'reader_key': 'VARCHAR'}, format = 'array');
insert into late_rows by name
select * from read_json(getvariable('late_rows_file'), columns = {
    'source': 'VARCHAR', 'sha256': 'VARCHAR', 'data_date': 'DATE', 'late_rows': 'BIGINT'}, format = 'array')
order by all;
insert into staged_files by name
select * from read_json(getvariable('staged_files_file'), columns = {
    'source': 'VARCHAR', 'sha256': 'VARCHAR', 'reader_key': 'VARCHAR'}, format = 'array')
order by all;
