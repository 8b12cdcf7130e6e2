-- How many sessions of one log stand for mail that another server's log has: a hub's that came by way of a frontend, which
-- alone knows who connected (XPROXYFROM), and a frontend's that a hub goes on with behind its back (a blind proxy). As
-- words that a report lists. In: records_file.
with sessions as (
    select
        connection,
        bool_or(is_receiving) as is_receiving,
        bool_or(kind = 'hop' and named_sessions is not null) as has_frontend,
        bool_or(kind = 'blind') and not bool_or(kind = 'hop-client') as is_handed_on
    from read_parquet(getvariable('records_file'))
    where outcome = 'used'
    group by connection
),

told as (
    select 'frontend_mail' as field, 'XPROXYFROM' as word, count(*) as records
    from sessions
    where is_receiving and has_frontend
    union all
    select 'handed_on', 'outbound proxy', count(*)
    from sessions
    where not is_receiving and is_handed_on
)

select field, word, records
from told
where records > 0
order by field;
