-- Files that a person should look at: quarantined, suspected to be cut short, or refused in good part ($notable_share).
select source, name, sha256, state, reason, suspected_cut, records, rejected
from files
where state = 'quarantined'
    or (state = 'counted' and (suspected_cut or rejected > $notable_share * records))
order by source, name;
