-- What each record of one log says: of several recipients the one whose partner is asked for, else the first. A word for
-- the state of TLS is looked up in the settings, not in the table of words. Nothing here is a traced address.
-- In: the view `worded_lines`, partner_asked.
create or replace temp view told_lines as
select
    record, outcome, reason, data_date,
    place as direction,
    service as connector,
    case
        when place = 'outbound'
            then coalesce(list_filter(goes_to, lambda part: part.domain = getvariable('partner_asked'))[1].domain, goes_to[1].domain)
        else partner_domain
    end as partner_domain,
    coalesce(case when not starts_with(version_word, 'smtp_tls_state') then tls_version end, state_version) as tls_version,
    tls_cipher,
    size as bytes,
    line_key as key,
    kind
from worded_lines;
