-- Which of the days' files ($files) state which columns of the facts: those made before a column was added do not.
-- In: the table grain. Columns: stated, files, in the order of the days.
select stated, list(file_name order by file_name) as files
from (
    select file_name, list(name order by name) as stated
    from parquet_schema($files)
    where name in (select column_name from (describe grain))
    group by file_name
)
group by stated
order by stated;
