-- The lines that may matter to one data date, each once and in order: `place` orders by second, then file, then line.
-- A line that stands in several files is the same line; as often as it stands in one of them, it stands (the most of
-- them counts). Within a second the file that began earlier comes first. In: staged_files and file_count; the data
-- date from `day_from` to `day_to` and, with the days that a log has to see around it, `window_from` to `window_to` (UTC).
-- One file is in its order, and no line of it stands in another.
create or replace temp macro is_near(instant) as
    instant >= getvariable('window_from')::timestamp and instant < getvariable('window_to')::timestamp;
create or replace temp macro is_of_the_day(instant) as
    instant >= getvariable('day_from')::timestamp and instant < getvariable('day_to')::timestamp;
create or replace temp macro place_of(instant, file_rank, line) as
    (epoch(instant)::bigint - epoch(getvariable('window_from')::timestamp)::bigint) * 17592186044416 + file_rank * 2147483648
    + case when file_rank < 8192 and line < 2147483648 then line
        else error('more than 8191 files, or more than two billion lines in one, near one day') end;

create or replace temp table file_order as
select
    filename,
    row_number() over (order by min(occurred_at), max(occurred_at), list_position(getvariable('staged_files'), filename)) as file_rank
from read_parquet(getvariable('staged_files'), filename = true, union_by_name = true)
where getvariable('file_count') > 1 and kind is not null and is_near(occurred_at)
group by filename;

create or replace temp view staged_lines as
select
    staged.* exclude (filename, file_row_number, reason, is_twice),
    is_of_the_day(staged.occurred_at) as is_today,
    file_order.file_rank,
    place_of(staged.occurred_at, file_order.file_rank, staged.file_row_number) as place_in_log
from read_parquet(getvariable('staged_files'), filename = true, file_row_number = true, union_by_name = true) as staged
join file_order using (filename)
where staged.kind is not null and is_near(staged.occurred_at);

create or replace temp table repeated as
select line_key
from staged_lines
where getvariable('file_count') > 1
group by line_key
having min(file_rank) <> max(file_rank);

create or replace temp table kept_lines as
select * exclude (occurrence)
from (
    select *, row_number() over (partition by line_key, file_rank order by place_in_log) as occurrence
    from staged_lines
    semi join repeated using (line_key)
    where getvariable('file_count') > 1
)
qualify row_number() over (partition by line_key, occurrence order by place_in_log) = 1;

create or replace temp view log_lines as
select
    * exclude (file_row_number, reason, is_twice),
    is_of_the_day(occurred_at) as is_today,
    1 as file_rank,
    place_of(occurred_at, 1, file_row_number) as place_in_log
from read_parquet(getvariable('staged_files'), file_row_number = true, union_by_name = true)
where getvariable('file_count') = 1 and kind is not null and is_near(occurred_at)
union all by name
select *
from staged_lines
anti join repeated using (line_key)
where getvariable('file_count') > 1
union all by name
select *
from kept_lines
where getvariable('file_count') > 1;
