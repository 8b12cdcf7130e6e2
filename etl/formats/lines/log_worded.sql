-- The staged lines of one log with their number, data date, and what their words for TLS mean. In: the view said_lines, the
-- tables utc_days, tls_words and cipher_words, the macros of log_clock.sql.
create or replace temp view worded_lines as
select
    staged.* exclude (file_row_number),
    staged.file_row_number + 1 as record,
    date_of(staged.occurred_at, data_date_0, from_1, data_date_1, from_2, data_date_2) as data_date,
    case when staged.version_word <> '' then coalesce(tls_words.tls_version, 'TLS unknown') end as tls_version,
    cipher_words.tls_cipher
from said_lines as staged
left join utc_days on utc_days.utc_date = staged.occurred_at::date
left join tls_words on tls_words.word = fold_word(staged.version_word)
left join cipher_words on cipher_words.word = fold_word(staged.cipher_word);
