-- The columns of the facts, and the only list of them: first what they are summed by (the grain), then what is summed.
-- A column that is added takes its place before `messages`, with a default: what is held of days and of exports that do
-- not state it. Out: the table grain, whose only row holds the defaults; `from grain limit 0` has the columns alone.
create or replace temp table grain (
    data_date date,
    source varchar,
    direction varchar,
    connector varchar,
    partner_domain varchar,
    tls_version varchar,
    tls_cipher varchar,
    tls_group varchar,
    tls_auth varchar,
    messages bigint,
    recipients bigint,
    bytes bigint,
    is_estimated boolean
);
insert into grain default values;
