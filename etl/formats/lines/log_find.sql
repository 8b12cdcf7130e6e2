-- Lines of one log that a fact may rest on: they name the partner asked for, and say nothing else than what is wanted of
-- day, direction, connector and TLS. In: the view told_lines.
select record, outcome, reason, data_date, direction, connector, partner_domain, tls_version, tls_cipher, bytes, key
from told_lines
where ($outcome is null or outcome = $outcome)
    and ($record is null or record = $record)
    and ($record is not null or $outcome is not null or kind is not null)
    and ($first_date is null or data_date >= $first_date::date)
    and ($last_date is null or data_date <= $last_date::date)
    and ($direction is null or coalesce(direction, $direction) = $direction)
    and ($connector is null or coalesce(connector, $connector) = $connector)
    and ($partner_domain is null or partner_domain = $partner_domain)
    and ($tls_version is null or coalesce(tls_version, $tls_version) = $tls_version)
order by record
limit $most;
