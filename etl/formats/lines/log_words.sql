-- Spellings that no reference table knows, as found. In: the view said_lines.
with words as (
    select version_word, cipher_word, group_word, count(*) as records
    from said_lines
    where version_word is not null or cipher_word is not null or group_word is not null
    group by all
),

told as (
    select 'tls_version' as field, version_word as word, records
    from words
    where fold_word(version_word) not in (select word from tls_words)
    union all
    select 'tls_cipher', cipher_word, records
    from words
    where fold_word(cipher_word) not in (select word from cipher_words)
    union all
    select 'tls_group', group_word, records
    from words
    where fold_word(group_word) not in (select word from group_words)
)

select field, word, sum(records)::bigint as records
from told
where word <> ''
group by all
order by all
limit 200;
