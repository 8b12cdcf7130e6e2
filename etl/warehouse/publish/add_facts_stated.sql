-- Facts made before a column was added: what they do not state ($stated names what they do) has the default.
-- In: the table grain.
insert into facts by name
select stored.*, defaults.*
from read_parquet($files) as stored
cross join (
    select columns(lambda name: not list_contains($stated, name))
    from grain
) as defaults;
