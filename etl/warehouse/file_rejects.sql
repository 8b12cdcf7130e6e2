-- The first records of a landed file that could not be read, and why.
select record, reason
from rejects
where source = $source and sha256 = $sha256
order by record
limit $most;
