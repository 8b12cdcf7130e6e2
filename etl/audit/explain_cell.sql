-- Sums of the published facts that fit; a filter that is null lets all through.
select
    coalesce(sum(messages), 0)::bigint as messages,
    sum(recipients)::bigint as recipients,
    sum(bytes)::bigint as bytes
from mail_flow
where data_date between $first_date::date and $last_date::date
    and ($direction is null or direction = $direction)
    and ($connector is null or connector = $connector)
    and ($partner_domain is null or partner_domain = $partner_domain)
    and ($tls_version is null or tls_version = $tls_version);
