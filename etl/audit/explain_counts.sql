-- How many staged trace rows of each file fit what is asked: files that hold none need not be read again.
select split_part(filename, '/', -3) as sha256, count(*)::bigint as trace_rows
from read_parquet($files, filename = true, union_by_name = true)
where outcome = 'used'
    and data_date between $first_date::date and $last_date::date
    and ($direction is null or direction = $direction)
    and ($connector is null or connector = $connector)
    and ($partner_domain is null or partner_domain = $partner_domain)
    and ($tls_version is null or tls_version = $tls_version)
group by filename;
