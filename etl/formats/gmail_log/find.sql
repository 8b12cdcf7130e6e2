-- Records of one log that a fact may rest on: those whose sender, or one of whose recipients, is of the partner asked for, and
-- that say nothing else than what is wanted of day, direction and TLS. Nothing here is a traced address.
with told as (
    select
        staged.file_row_number + 1 as record,
        staged.outcome,
        staged.reason,
        date_of(staged.occurred_at, data_date_0, from_1, data_date_1, from_2, data_date_2) as data_date,
        staged.place as direction,
        staged.service as connector,
        case
            when staged.place = 'outbound'
                then coalesce(list_filter(staged.goes_to, lambda part: part.domain = $partner_domain)[1].domain, staged.goes_to[1].domain)
            else staged.partner_domain
        end as partner_domain,
        coalesce(
            case when staged.version_word <> '' and not starts_with(staged.version_word, 'smtp_tls_state')
                then coalesce(tls_words.tls_version, 'TLS unknown') end,
            staged.state_version
        ) as tls_version,
        cipher_words.tls_cipher,
        staged.size as bytes,
        staged.line_key as key,
        staged.kind
    from read_parquet(getvariable('records_file'), file_row_number = true) as staged
    left join utc_days on utc_days.utc_date = staged.occurred_at::date
    left join tls_words on tls_words.word = fold_word(staged.version_word)
    left join cipher_words on cipher_words.word = fold_word(staged.cipher_word)
)

select record, outcome, reason, data_date, direction, connector, partner_domain, tls_version, tls_cipher, bytes, key
from told
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
