-- The staged lines of one log, numbered, with what their TLS words say. In: records_file, the macros of handshake.sql.
create or replace temp view said_lines as
select
    *,
    version_word(handshake) as version_word,
    cipher_word(handshake) as cipher_word,
    group_word(handshake) as group_word
from read_parquet(getvariable('records_file'), file_row_number = true);
