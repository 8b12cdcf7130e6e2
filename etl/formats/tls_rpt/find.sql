-- The policies of one file that are asked for. Sessions are no part of any number of messages.
select
    record, outcome, reason, data_date,
    null::varchar as direction, null::varchar as connector, policy_domain as partner_domain,
    null::varchar as tls_version, null::varchar as tls_cipher, null::bigint as bytes
from records
where ordinal = 1
    and ($outcome is null or outcome = $outcome)
    and ($first_date is null or data_date >= $first_date::date)
    and ($last_date is null or data_date <= $last_date::date)
    and $direction is null
    and $connector is null
    and $partner_domain is null
    and $tls_version is null
    and ($record is null or record = $record)
order by record
limit $most;
