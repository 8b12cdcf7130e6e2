-- The records of a file behind a fact: every filter that is null lets all through. Nothing here is a traced address.
select
    record,
    outcome,
    reason,
    data_date,
    direction,
    connector,
    partner_domain,
    tls_version,
    tls_cipher,
    bytes,
    message_key::varchar as key
from trace_rows
where ($outcome is null or outcome = $outcome)
    and ($first_date is null or data_date >= $first_date::date)
    and ($last_date is null or data_date <= $last_date::date)
    and ($direction is null or direction = $direction)
    and ($connector is null or connector = $connector)
    and ($partner_domain is null or partner_domain = $partner_domain)
    and ($tls_version is null or tls_version = $tls_version)
    and ($record is null or record = $record)
qualify $record is not null or row_number() over (partition by record order by ordinal) = 1
order by record, ordinal
limit $most;
