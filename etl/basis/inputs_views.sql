-- Tables and views over an edition's inputs, under the names that the measures read.
-- Variables: facts_path, history_path (the CSV files), facts_columns (the columns of the first by type, in its order),
-- visible (connector names an audience may see; empty for all). In: the table grain.

-- A text cell that a spreadsheet would take for a formula was guarded by an apostrophe (guard.sql): it goes again.
create or replace temp macro bare(cell) as case when starts_with(cell, '''') then cell[2:] else cell end;

-- Facts from before a column was added have its default.
create or replace temp table grain_defaults as
select columns(lambda name: name = 'without' or not list_contains(struct_keys(getvariable('facts_columns')), name))
from (select *, true as without from grain);

create or replace table facts as
from grain limit 0;

insert into facts by name
select
    bare(columns(lambda name: list_contains(getvariable('text_columns'), name))),
    columns(lambda name: name <> 'without' and not list_contains(getvariable('text_columns'), name))
from read_csv(
    getvariable('facts_path'),
    header = true, auto_detect = false, delim = ',', quote = '"', escape = '"', new_line = '\n', nullstr = '',
    allow_quoted_nulls = false, max_line_size = 16777216,
    columns = getvariable('facts_columns')
) as stated
cross join grain_defaults;

create or replace table history as
select *
from read_csv(
    getvariable('history_path'),
    header = true, auto_detect = false, delim = ',', quote = '"', escape = '"', new_line = '\n', nullstr = '',
    allow_quoted_nulls = false, max_line_size = 16777216,
    columns = {
        'kind': 'VARCHAR', 'first_date': 'DATE', 'last_date': 'DATE', 'source': 'VARCHAR', 'direction': 'VARCHAR',
        'connector': 'VARCHAR', 'partner_domain': 'VARCHAR', 'tls_version': 'VARCHAR', 'tls_cipher': 'VARCHAR',
        'connector_type': 'VARCHAR', 'forced_tls': 'BOOLEAN', 'messages': 'BIGINT', 'recipients': 'BIGINT',
        'bytes': 'BIGINT', 'is_estimated': 'BOOLEAN'
    }
);

update history set connector = bare(connector), partner_domain = bare(partner_domain), tls_cipher = bare(tls_cipher),
connector_type = bare(connector_type), source = bare(source)
where
    starts_with(connector, '''') or starts_with(partner_domain, '''') or starts_with(tls_cipher, '''')
    or starts_with(connector_type, '''') or starts_with(source, '''');

delete from facts
where len(getvariable('visible')) > 0 and not list_contains(getvariable('visible'), connector);

-- Sums over all connectors would tell of those that may not be seen: they go with them.
delete from history
where
    len(getvariable('visible')) > 0
    and kind not in ('data', 'missing')
    and (connector is null or not list_contains(getvariable('visible'), connector));
