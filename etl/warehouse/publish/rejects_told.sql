-- The files that the table of rejects tells of.
delete from reject_files;
insert into reject_files from reject_files_now order by all;
