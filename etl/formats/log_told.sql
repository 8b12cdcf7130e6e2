-- What each line of one log says for itself (a line rarely says all of it); nothing here is a traced address.
create or replace temp view told_lines as
select
    staged.file_row_number + 1 as record,
    staged.outcome,
    staged.reason,
    date_of(staged.occurred_at, data_date_0, from_1, data_date_1, from_2, data_date_2) as data_date,
    case when staged.place in ('inbound', 'outbound', 'internal', 'submission') then staged.place end as direction,
    staged.service as connector,
    staged.partner_domain,
    case when staged.version_word <> '' then coalesce(tls_words.tls_version, 'TLS unknown') end as tls_version,
    cipher_words.tls_cipher,
    staged.size as bytes,
    staged.line_key as key,
    staged.kind
from read_parquet(getvariable('records_file'), file_row_number = true) as staged
left join utc_days on utc_days.utc_date = staged.occurred_at::date
left join tls_words on tls_words.word = fold_word(staged.version_word)
left join cipher_words on cipher_words.word = fold_word(staged.cipher_word);
