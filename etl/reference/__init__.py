"""Reference tables that all readers share: the one place that normalises TLS versions, and the one for ciphers."""

from __future__ import annotations

from pathlib import Path

import duckdb

from etl.common import database

FOLDER = Path(__file__).parent


def load(con: duckdb.DuckDBPyConnection) -> None:
    """Makes the temporary tables `tls_words` (word, tls_version), `cipher_words` (word, tls_cipher) and `group_words`
    (word, tls_group) in `con`.

    Words are folded as `fold_word` in reference.sql does it. What a suite or a group is (key exchange, encryption,
    forward secrecy, AEAD; post-quantum) stands in ciphers.csv and groups.csv; NOTES.md says where all of it is from.
    """
    database.set_variables(
        con,
        {
            "tls_words_file": str(FOLDER / "tls_words.csv"),
            "cipher_words_file": str(FOLDER / "cipher_words.csv"),
            "group_words_file": str(FOLDER / "groups.csv"),
        },
    )
    con.execute(database.sql("reference", "reference"))
