-- Question: which words of TLS, cipher or direction did no reader know, in files of a period?
-- Parameters: $first_date, $last_date (both included).
-- Columns: source, field, word, records (of the whole files).
select words.source, words.field, words.word, sum(words.records)::bigint as records
from unknown_words as words
inner join files using (source, sha256)
where
    files.state = 'counted'
    and (
        files.named_date between $first_date and $last_date
        or exists (
            select 1 from file_days
            where
                file_days.source = files.source
                and file_days.sha256 = files.sha256
                and file_days.data_date between $first_date and $last_date
        )
    )
group by all
order by records desc, words.source, words.field, words.word;
