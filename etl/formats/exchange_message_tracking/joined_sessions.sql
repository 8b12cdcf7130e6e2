-- What the protocol log says of each session with mail. A hub that heard the mail from a frontend tells the frontend's
-- session (XPROXYFROM): there mail crossed the border. In: the tables of sessions.sql.
create or replace temp table told_sessions as
with sessions as (
    select
        session, service, is_receiving,
        max(frontend_session) as frontend_session,
        arg_max(direction, sequence) as direction,
        arg_max(tls_version, sequence) as tls_version,
        arg_max(tls_cipher, sequence) as tls_cipher
    from smtp_messages
    group by session, service, is_receiving
)

select
    sessions.session,
    sessions.service,
    sessions.is_receiving,
    coalesce(frontends.direction, sessions.direction) as direction,
    coalesce(frontends.tls_version, sessions.tls_version) as tls_version,
    case when frontends.session is null then sessions.tls_cipher else frontends.tls_cipher end as tls_cipher
from sessions
left join (select distinct on (session) * from sessions where frontend_session is null and is_receiving order by session, service) as frontends
    on frontends.session = sessions.frontend_session;
