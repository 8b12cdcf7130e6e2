-- What the data-quality page lists of one file: kinds of result that RFC 8460 does not know, and the spans of reports that
-- cover more than a day, whose sessions count on the first; as found.
with told as (
    select 'result_type' as field, unknown_result as word
    from read_parquet($file)
    where unknown_result <> '' and outcome = 'used'
    union all
    select 'mail', unknown_result
    from read_parquet($file)
    where unknown_result <> '' and outcome = 'rejected'
    union all
    select 'date-range', first_date || ' to ' || last_date
    from read_parquet($file)
    where outcome = 'used' and ordinal = 1 and is_several_days
)

select field, word, count(*)::bigint as records
from told
group by all
order by all
limit 200;
