-- Adds the answer to a question about spans of days (the relation `answer`) to history_rows. Parameters: $kind.
insert into history_rows by name
select $kind as kind, *
from answer;
