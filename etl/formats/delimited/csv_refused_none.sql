-- Every line is a record, or part of one.
create or replace temp table refused (record bigint, reason varchar, line_feeds bigint, place bigint);
