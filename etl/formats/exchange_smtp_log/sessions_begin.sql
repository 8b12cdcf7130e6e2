-- Into how many parts sessions.sql takes the lines, and nothing of an earlier day in what it adds to.
-- In: protocol_files, lines_at_once.
drop table if exists smtp_mails;

drop table if exists smtp_steps;

drop table if exists smtp_handed_on;

drop table if exists smtp_links;

set variable parts = (
    select greatest(1, ceil(count(*) / getvariable('lines_at_once')))::bigint from read_parquet(getvariable('protocol_files'))
);
