-- From sessions to the trace rows of one data date: what was transferred is a MAIL command whose data were answered 2xx.
-- In: the tables of sessions.sql, the view of proxied.sql, data_date. Out: the view `trace`.
create or replace temp table smtp_trace as
with ends as (
    select
        connection,
        mail_number,
        min(answered_at) as accepted_at,
        arg_min(mail, answered_at) as mail,
        arg_min(answered_size, answered_at) as answered_size
    from smtp_steps
    where kind in ('data', 'bdat') and is_last and code between 200 and 299
    group by connection, mail_number
),

chunks as (
    select connection, mail_number, sum(size)::bigint as size
    from smtp_steps
    where kind = 'bdat'
    group by connection, mail_number
),

receivers as (
    select
        connection, mail_number, recipient,
        any_value(partner_domain order by sequence) as partner_domain,
        bool_or(is_own_recipient) as is_own_recipient
    from smtp_steps
    where kind = 'rcpt' and coalesce(code, 250) < 300
    group by connection, mail_number, recipient
)

select
    mails.*,
    ends.accepted_at,
    -- Exchange's own number of the message, or its Message-ID, tell it in its session; what others answer does not.
    hash(mails.connection, case when mails.is_receiving and ends.mail is not null then ends.mail else hash(mails.sequence) end) as message_key,
    coalesce(greatest(mails.size, chunks.size), ends.answered_size) as stated_size,
    receivers.recipient,
    case when mails.is_receiving then mails.partner_domain else coalesce(receivers.partner_domain, 'Unknown') end as partner,
    case
        when mails.direction = 'outbound' and receivers.is_own_recipient then 'internal'
        else mails.direction
    end as hop_direction
from smtp_messages as mails
join ends using (connection, mail_number)
left join chunks using (connection, mail_number)
left join receivers using (connection, mail_number)
where ends.accepted_at >= getvariable('day_from')::timestamp and ends.accepted_at < getvariable('day_to')::timestamp;

create or replace temp view trace as
select
    getvariable('data_date')::date as data_date,
    accepted_at as occurred_at,
    hop_direction as direction,
    service as connector,
    null::varchar as connector_type,
    null::boolean as forced_tls,
    partner as partner_domain,
    tls_version,
    case when tls_version = 'No TLS' then 'none' else tls_cipher end as tls_cipher,
    case when tls_version = 'No TLS' then 'none' else 'Unknown' end as tls_group,
    case when tls_version = 'No TLS' then 'none' else 'Unknown' end as tls_auth,
    message_key,
    recipient as recipient_key,
    stated_size as bytes,
    null::bigint as messages,
    null::bigint as recipients,
    false as is_estimated
from smtp_trace;
