-- No rule rejected a record.
create or replace temp table rejected_records (record bigint, reason varchar, data_date date);
