-- From the messages of sessions to messages with the TLS of the session that crossed the border. A hub that sends through a
-- frontend (XPROXYTO), or takes from it what a client submits (XPROXY), has the message; the frontend, which handed the
-- session on, has the TLS. The two name each other, or the frontend's other session names both.
-- In: smtp_mails, smtp_handed_on, smtp_links. Out: the view `smtp_messages`.
create or replace temp table proxied_tls as
with edges as (
    select session, other from smtp_links
    union
    select other, session from smtp_links
),

reached as (
    select session, other from edges
    union
    select near.session, far.other
    from edges as near
    join edges as far on far.session = near.other
)

select
    proxied.session,
    proxied.is_receiving,
    any_value(handed_on.tls_version) as tls_version,
    any_value(handed_on.tls_cipher) as tls_cipher
from (select distinct session, is_receiving from smtp_mails where is_proxied) as proxied
join reached on reached.session = proxied.session
join smtp_handed_on as handed_on on handed_on.session = reached.other and handed_on.is_receiving = proxied.is_receiving
group by proxied.session, proxied.is_receiving
having count(distinct (handed_on.tls_version, handed_on.tls_cipher)) = 1;

create or replace temp view smtp_messages as
select
    smtp_mails.* replace (
        case when is_proxied then coalesce(proxied_tls.tls_version, 'Unknown') else smtp_mails.tls_version end as tls_version,
        case when is_proxied then coalesce(proxied_tls.tls_cipher, 'Unknown') else smtp_mails.tls_cipher end as tls_cipher
    )
from smtp_mails
left join proxied_tls using (session, is_receiving);
