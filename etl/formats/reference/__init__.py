"""Reference tables that all readers share: the one place that normalises TLS versions, and the one for ciphers."""

from __future__ import annotations

from pathlib import Path

import duckdb

from etl import database

FOLDER = Path(__file__).parent


def load(con: duckdb.DuckDBPyConnection) -> None:
    """Makes the temporary tables `tls_words` (word, tls_version) and `cipher_words` (word, tls_cipher) in `con`.

    Words are folded as `fold_word` in reference.sql does it. Sources: the spellings listed in the vendors' and
    OpenSSL's documents for versions; the IANA TLS Cipher Suites registry for ciphers.
    """
    database.set_variables(
        con, {"tls_words_file": str(FOLDER / "tls_words.csv"), "cipher_words_file": str(FOLDER / "cipher_words.csv")}
    )
    con.execute(database.sql("formats/reference", "reference"))
