-- The trace rows of one direction and connector, of a source that tells of each once. In: the view `trace`.
create or replace temp table alike as
select * from trace where direction = $direction and connector = $connector;
