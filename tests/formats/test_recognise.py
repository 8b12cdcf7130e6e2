"""A file is recognised by what it holds: one of each format, under a name that says nothing, finds its source."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from etl import formats
from etl.formats import text
from etl.formats.base import Sample
from tests.formats import (
    exchange_logs,
    log_site,
    test_exchange_message_tracking,
    test_gmail_log,
    test_m365_connector_details,
    test_m365_message_trace,
    test_m365_trace_detail,
    test_tls_rpt,
)
from tests.formats.table_site import call, write_site
from tests.helpers import export, row


def one_of_each(folder: Path) -> dict[str, list[bytes]]:
    """Exports of every format, some in several ways."""
    trace, gmail = test_m365_message_trace, test_gmail_log
    records = [gmail.stage(1, 3)]
    return {
        "m365_connector_report": [export([row(1)]), export([row(2)], delimiter=";").decode().encode("utf-16")],
        "m365_connector_details": [test_m365_connector_details.table("2026-11-16,Inbound: A,,,0,0,0,100,0,7")],
        "m365_message_trace": [
            trace.table(trace.ENHANCED, trace.enhanced(1, "a@fabrikam.example", "b@contoso.example##Receive, Deliver")),
            b"#TYPE X\r\n" + trace.table(trace.V2, trace.traced(2, "a@fabrikam.example", "b@contoso.example")),
        ],
        "m365_trace_detail": [
            test_m365_trace_detail.table([test_m365_trace_detail.event(1, "SMTP", "RECEIVE")]),
            gzip.compress(test_m365_trace_detail.table([test_m365_trace_detail.event(2, "SMTP", "RECEIVE")]), mtime=0),
        ],
        "postfix_log": [(log_site.DATA / "postfix" / "mail.log.gz").read_bytes()],
        "exim_log": [(log_site.DATA / "exim" / "mainlog.gz").read_bytes()],
        "exchange_smtp_log": [(exchange_logs.header() + "".join(exchange_logs.sending().lines)).encode()],
        "exchange_message_tracking": [
            (test_exchange_message_tracking.header() + test_exchange_message_tracking.event(1)).encode()
        ],
        "gmail_log": [gmail.lines(records), gmail.parquet(folder, records), json.dumps(records, indent=1).encode()],
        "tls_rpt": [test_tls_rpt.written(test_tls_rpt.report(test_tls_rpt.entry()))],
    }


def test_every_format_has_a_file_here_and_only_its_reader_comes_first(tmp_path: Path) -> None:
    examples = one_of_each(tmp_path)
    assert set(examples) == set(formats.names())
    for name, files in examples.items():
        for content in files:
            path = tmp_path / "anything.bin"
            path.write_bytes(content)
            assert formats.recognise(Sample("anything.bin", text.head(path))) == name


def test_files_handed_in_without_a_word_find_the_source_of_their_format(tmp_path: Path) -> None:
    settings = write_site(tmp_path, *({"name": name, "format": name} for name in formats.names()))
    paths = []
    for name, files in one_of_each(tmp_path).items():
        for number, content in enumerate(files):
            path = tmp_path / "exports" / f"{len(paths):02}-{number}.bin"
            path.write_bytes(content)
            paths.append((name, path))
    strange = tmp_path / "exports" / "zz.bin"
    strange.write_bytes(b"when,who\n1,someone@x.example\n")
    said = json.loads(call(settings, "ingest", "--json", *(str(path) for _, path in paths), str(strange)))
    found = {item["name"]: item for item in said["files"]}
    assert {path.name: found[path.name]["source"] for _, path in paths} == {path.name: name for name, path in paths}
    assert {found[path.name]["state"] for _, path in paths} == {"counted"}
    assert found["zz.bin"]["sha256"] is None
    assert "fits no source" in found["zz.bin"]["reason"]
