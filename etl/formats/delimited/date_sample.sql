-- How the first thousand records write their dates: an example of each shape (digits apart), and how many have it.
select min(date_time) as example, count(*) as records
from (select date_time from raw where trim(date_time) <> '' limit 1000)
group by translate(date_time, '123456789', '000000000')
order by example;
