-- The files with rejects that are not in the table yet, or were read otherwise since.
select source, sha256
from (from reject_files_now except from reject_files)
order by all;
