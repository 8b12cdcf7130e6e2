-- Tables and views over an edition's inputs, under the names that the measures read.
-- Variables: facts_path, history_path (the CSV files), visible (connector names an audience may see; empty for all).
create or replace table facts as
select *
from read_csv(
    getvariable('facts_path'),
    header = true, auto_detect = false, delim = ',', quote = '"', escape = '"', new_line = '\n', nullstr = '',
    allow_quoted_nulls = false, max_line_size = 16777216,
    columns = {
        'data_date': 'DATE', 'source': 'VARCHAR', 'direction': 'VARCHAR', 'connector': 'VARCHAR',
        'partner_domain': 'VARCHAR', 'tls_version': 'VARCHAR', 'tls_cipher': 'VARCHAR', 'tls_group': 'VARCHAR',
        'tls_auth': 'VARCHAR', 'messages': 'BIGINT', 'recipients': 'BIGINT', 'bytes': 'BIGINT',
        'is_estimated': 'BOOLEAN'
    }
);

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

-- A text cell that a spreadsheet would take for a formula was guarded by an apostrophe (see csvfile.py): it goes again.
create or replace temp macro bare(cell) as case when starts_with(cell, '''') then cell[2:] else cell end;

update facts set connector = bare(connector), partner_domain = bare(partner_domain), tls_cipher = bare(tls_cipher),
tls_group = bare(tls_group), source = bare(source)
where
    starts_with(connector, '''') or starts_with(partner_domain, '''') or starts_with(tls_cipher, '''')
    or starts_with(tls_group, '''') or starts_with(source, '''');

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
