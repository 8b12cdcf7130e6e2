-- Spellings that no reference table knows, as found.
select 'tls_version' as field, unknown_version as word, count(*) as records
from read_parquet($file)
where ordinal = 1 and outcome = 'used' and unknown_version is not null
group by all
union all
select 'tls_cipher', unknown_cipher, count(*)
from read_parquet($file)
where ordinal = 1 and outcome = 'used' and unknown_cipher is not null
group by all
order by all
limit 200;
