-- Rejects leave whose file no longer has them, or was read otherwise since.
delete from rejects
where (source, sha256) in (select (source, sha256) from (from reject_files except from reject_files_now));
