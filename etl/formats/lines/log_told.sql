-- What each line of one log says for itself (a line rarely says all of it); nothing here is a traced address.
-- In: the view `worded_lines`.
create or replace temp view told_lines as
select
    record, outcome, reason, data_date,
    case when place in ('inbound', 'outbound', 'internal', 'submission') then place end as direction,
    service as connector,
    partner_domain, tls_version, tls_cipher,
    size as bytes,
    line_key as key,
    kind
from worded_lines;
