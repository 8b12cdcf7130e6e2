-- Question: which words of TLS, cipher or direction did no reader know, in files of a period? Listed with them is mail that
-- only another server's log tells (fields frontend_mail, handed_on), where nothing of the source tells of it.
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
    and (
        words.field not in ('frontend_mail', 'handed_on')
        or not exists (
            select 1 from facts
            where
                facts.source = words.source
                and facts.data_date between $first_date and $last_date
                and facts.direction = case words.field when 'frontend_mail' then 'inbound' else 'outbound' end
        )
    )
group by all
order by records desc, words.source, words.field, words.word;
