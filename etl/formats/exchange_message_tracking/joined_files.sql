-- Which staged records sessions.sql of the protocol logs reads: those that are joined.
set variable protocol_files = getvariable('joined_files');
