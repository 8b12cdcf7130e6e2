-- Trace rows of one data date, with the TLS that the protocol log tells of their sessions. A session of the same number
-- and connector, else the only one of that number. What the log says of a hop inside says nothing of mail across the border.
-- In: staged_files, data_date, the table told_sessions. Out: the view `trace`.
create or replace temp table tracking_trace as
with events as (
    select *
    from read_parquet(getvariable('staged_files'), union_by_name = true)
    where outcome = 'used' and data_date = getvariable('data_date')::date
),

single as (
    select
        session, is_receiving, any_value(direction) as direction, any_value(tls_version) as tls_version,
        any_value(tls_cipher) as tls_cipher
    from told_sessions
    group by session, is_receiving
    having count(*) = 1
),

matched as (
    select
        events.* exclude (direction, tls_version, tls_cipher, tls_group, tls_auth, outcome, reason, ordinal, unknown_version, unknown_cipher),
        events.direction as way,
        coalesce(same.direction, single.direction) as session_direction,
        coalesce(same.tls_version, single.tls_version) as session_version,
        case when same.session is null then single.tls_cipher else same.tls_cipher end as session_cipher
    from events
    left join told_sessions as same
        on same.session = events.session and same.is_receiving = events.is_receiving and same.service = events.connector
    left join single on single.session = events.session and single.is_receiving = events.is_receiving
),

directed as (
    select
        * exclude (way, session_version),
        case when way = 'inbound' and session_direction = 'submission' then 'submission' else way end as direction,
        case
            when session_version is null or (session_direction = 'internal' and way <> 'internal') then 'Unknown'
            else session_version
        end as tls_version
    from matched
)

select
    * exclude (session, is_receiving, line_key, session_direction, session_cipher),
    case tls_version when 'No TLS' then 'none' when 'Unknown' then 'Unknown' else session_cipher end as tls_cipher,
    case when tls_version = 'No TLS' then 'none' else 'Unknown' end as tls_group,
    case when tls_version = 'No TLS' then 'none' else 'Unknown' end as tls_auth
from directed;

create or replace temp view trace as
select * from tracking_trace;
