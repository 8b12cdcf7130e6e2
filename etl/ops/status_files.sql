-- Files that a person should look at: quarantined, or suspected to be cut short.
select source, name, sha256, state, reason, suspected_cut
from files
where state = 'quarantined' or (suspected_cut and state = 'counted')
order by source, name;
