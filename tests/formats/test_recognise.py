"""A file is recognised by what it holds: one of each format, under a name that says nothing, finds its source."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from etl import formats
from etl.formats import text
from etl.formats.base import Sample
from tests.formats import log_site, test_gmail_log, test_m365_message_trace
from tests.formats.table_site import asked, call, write_site
from tests.helpers import export, row
from tools import format_tables


def one_of_each(folder: Path) -> dict[str, list[bytes]]:
    """The sample export of every format, and other ways in which some come."""
    found = {name: [path.read_bytes() for path in format_tables.files(name)] for name in formats.NAMES}
    trace, gmail, records = test_m365_message_trace, test_gmail_log, [test_gmail_log.stage(1, 3)]
    found["m365_connector_report"].append(export([row(2)], delimiter=";").decode().encode("utf-16"))
    found["m365_message_trace"].append(
        b"#TYPE X\r\n" + trace.table(trace.V2, trace.traced(2, "a@fabrikam.example", "b@contoso.example"))
    )
    (detail,) = found["m365_trace_detail"]
    found["m365_trace_detail"] += [gzip.compress(detail, mtime=0), detail.decode().encode("utf-16-le")]
    found["postfix_log"].append((log_site.DATA / "postfix" / "mail.log.gz").read_bytes())
    found["exim_log"].append((log_site.DATA / "exim" / "mainlog.gz").read_bytes())
    found["gmail_log"] += [gmail.parquet(folder, records), json.dumps(records, indent=1).encode()]
    return found


def test_every_format_has_a_file_here_and_only_its_reader_comes_first(tmp_path: Path) -> None:
    examples = one_of_each(tmp_path)
    assert set(examples) == set(formats.NAMES)
    for name, files in examples.items():
        for content in files:
            path = tmp_path / "anything.bin"
            path.write_bytes(content)
            assert formats.recognise(Sample("anything.bin", text.head(path))) == name


def test_files_handed_in_without_a_word_find_the_source_of_their_format(tmp_path: Path) -> None:
    settings = write_site(tmp_path, *({"name": name, "format": name} for name in formats.NAMES))
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


def test_the_sample_exports_tell_what_their_folders_say(tmp_path: Path) -> None:
    settings = write_site(tmp_path, *({"name": name, "format": name} for name in formats.NAMES))
    samples = {name: format_tables.files(name) for name in formats.NAMES}
    call(settings, "ingest", *(str(path) for paths in samples.values() for path in paths))
    query = "select source, direction, partner_domain, tls_version, messages, recipients, bytes from facts order by all"
    found: dict[str, list[list[object]]] = {name: [] for name in formats.NAMES}
    for name, *told in asked(settings, query):
        found[name].append(told)
    stated = {
        name: json.loads((log_site.FORMATS / name / "samples.json").read_text(encoding="utf-8"))
        for name in formats.NAMES
    }
    assert found == {name: item["facts"] for name, item in stated.items()}
    sessions = asked(settings, "select source, sum(sessions) from tls_reports group by all")
    assert dict(sessions) == {name: item["sessions"] for name, item in stated.items() if item["sessions"]}
    same = {
        tuple((told[1], told[3]) for told in item["facts"])
        for name, item in stated.items()
        if name not in ("m365_connector_details", "m365_message_trace", "m365_trace_detail", "tls_rpt")
    }
    assert same == {(("fabrikam.example", 1), ("litware.example", 1), ("northwind.example", 1))}  # the same mail
