-- Adds the answer to a question about days (the relation `answer`) to history_rows. Parameters: $kind.
insert into history_rows by name
select $kind as kind, data_date as first_date, * exclude (data_date)
from answer;
