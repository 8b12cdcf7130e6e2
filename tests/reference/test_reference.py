"""The one place that normalises TLS versions, cipher suites and groups, held against OpenSSL and against itself."""

from __future__ import annotations

import csv
import subprocess
from collections import Counter

import duckdb
import pytest

from etl import reference
from etl.common.words import TLS_VERSIONS

CIPHERS = ("name", "iana_name", "key_exchange", "encryption", "forward_secrecy", "aead", "kind")


def table(name: str) -> list[dict[str, str]]:
    with (reference.FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def fold(word: str) -> str:
    return word.strip().lower().replace(" ", "").replace("_", "").replace("-", "")


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    found = duckdb.connect()
    reference.load(found)
    return found


@pytest.mark.parametrize(
    ("file", "column"),
    [("tls_words.csv", "word"), ("cipher_words.csv", "word"), ("groups.csv", "word"), ("ciphers.csv", "name")],
)
def test_words_stand_once_and_folded(file: str, column: str) -> None:
    words = [row[column] for row in table(file)]
    assert len(words) == len(set(words))
    if column == "word":
        assert all(word == fold(word) for word in words)


def test_versions_are_the_reports_classes() -> None:
    assert {row["tls_version"] for row in table("tls_words.csv")} <= set(TLS_VERSIONS)


def test_every_word_leads_to_a_cipher_that_is_described() -> None:
    described = {row["name"]: row for row in table("ciphers.csv")}
    assert tuple(table("ciphers.csv")[0]) == CIPHERS
    assert {row["tls_cipher"] for row in table("cipher_words.csv")} <= set(described)
    assert {row["kind"] for row in described.values()} == {"suite", "bulk_only"}


def test_facts_of_suites_are_what_their_names_say() -> None:
    assert Counter(row["kind"] for row in table("ciphers.csv")).keys() == {"suite", "bulk_only"}
    for row in table("ciphers.csv"):
        if row["kind"] == "bulk_only":
            assert (row["key_exchange"], row["forward_secrecy"], row["aead"]) == ("", "", "")
            continue
        told = row["name"].removeprefix("TLS_")
        assert row["encryption"] in told
        assert (row["aead"] == "true") == any(
            word in told for word in ("GCM", "CCM", "POLY1305", "MGM", "AEGIS", "OCB")
        )
        if "_WITH_" in told:
            exchange = told.split("_WITH_")[0]
            assert row["key_exchange"] == exchange
            assert (row["forward_secrecy"] == "true") == exchange.startswith(
                ("DHE", "ECDHE", "DH_anon", "ECDH_anon", "ECCPWD")
            )
        else:
            assert (row["key_exchange"], row["forward_secrecy"]) == ("ANY", "true")


def test_names_of_this_machine_s_openssl() -> None:
    command = ["openssl", "ciphers", "-stdname", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    words = {row["word"]: row["tls_cipher"] for row in table("cipher_words.csv")}
    iana = {row["iana_name"] for row in table("ciphers.csv")}
    pairs = [(parts[2], parts[0]) for parts in (line.split() for line in lines) if parts[0] in iana]
    assert len(pairs) > 60
    assert {openssl: words.get(fold(openssl)) for openssl, _ in pairs} == dict(pairs)


@pytest.mark.parametrize(
    ("word", "cipher"),
    [
        ("ECDHE-RSA-AES256-GCM-SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
        ("TLS_ECDHE_RSA_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
        ("AES256-SHA", "TLS_RSA_WITH_AES_256_CBC_SHA"),
        ("AES256-GCM-SHA384", "TLS_RSA_WITH_AES_256_GCM_SHA384"),
        ("RC4-MD5", "TLS_RSA_WITH_RC4_128_MD5"),
        ("EDH-RSA-DES-CBC3-SHA", "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA"),
        ("ADH-AES256-GCM-SHA384", "TLS_DH_anon_WITH_AES_256_GCM_SHA384"),
        ("RSA_ARCFOUR_128_MD5", "TLS_RSA_WITH_RC4_128_MD5"),
        ("CALG_AES_256", "CALG_AES_256"),
        ("26128", "CALG_AES_256"),
        ("AES256", None),
    ],
)
def test_spellings(con: duckdb.DuckDBPyConnection, word: str, cipher: str | None) -> None:
    found = con.execute("select max(tls_cipher) from cipher_words where word = fold_word($1)", [word]).fetchone()
    assert found == (cipher,)


@pytest.mark.parametrize(
    ("word", "version"),
    [
        ("TLSv1", "TLS 1.0"), ("TLSv1.2", "TLS 1.2"), ("TLS1.3", "TLS 1.3"), ("TLS-1.1", "TLS 1.1"),
        ("SSLv3", "SSL 3.0"),
        ("SP_PROT_TLS1_2_SERVER", "TLS 1.2"), ("SP_PROT-TLS1_2_CLIENT", "TLS 1.2"), ("4096", "TLS 1.3"),
        ("TLSv1/SSLv3", "TLS unknown"), ("No Tls", "No TLS"),
    ],
)  # fmt: skip
def test_version_spellings(con: duckdb.DuckDBPyConnection, word: str, version: str) -> None:
    assert con.execute("select tls_version from tls_words where word = fold_word($1)", [word]).fetchone() == (version,)


def test_post_quantum_groups_are_the_hybrids_and_ml_kem() -> None:
    for row in table("groups.csv"):
        assert (row["post_quantum"] == "true") == any(word in row["tls_group"] for word in ("MLKEM", "Kyber"))


def test_hashes_that_staged_logs_rest_on() -> None:
    """Staged logs keep DuckDB's own hash of lines and processes. Where it changes, raise the readers' `version`."""
    found = duckdb.connect().execute("select hash('mx'), hash('mx', 'A1B2')").fetchone()
    assert found == (3610703604323999295, 16714668118434713232)
