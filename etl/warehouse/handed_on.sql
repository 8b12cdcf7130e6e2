-- Which sessions of a file stand for mail that another server's log has, where nothing of its source tells of that mail on
-- the file's days. Parameters: $source, $sha256. Columns: field, records.
select words.field, words.records
from unknown_words as words
where
    words.source = $source
    and words.sha256 = $sha256
    and words.field in ('frontend_mail', 'handed_on')
    and not exists (
        select 1
        from facts
        inner join file_days using (source, data_date)
        where
            facts.source = words.source
            and file_days.sha256 = words.sha256
            and facts.direction = case words.field when 'frontend_mail' then 'inbound' else 'outbound' end
    )
order by words.field;
