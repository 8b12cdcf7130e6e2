-- Partner domains with letters beyond ASCII, each once.
select distinct partner_domain
from read_parquet($file)
where strlen(partner_domain) <> length(partner_domain)
order by partner_domain;
