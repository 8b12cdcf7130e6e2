-- Kinds of result that RFC 8460 does not know, as found.
select 'result_type' as field, unknown_result as word, count(*)::bigint as records
from read_parquet($file)
where unknown_result <> ''
group by all
order by all
limit 200;
