-- Which staged records sessions.sql reads: the source's own.
set variable protocol_files = getvariable('staged_files');
