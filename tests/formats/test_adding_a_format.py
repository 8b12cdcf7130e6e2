"""Adding a format touches its own folder and one line of the registry: tried on a copy of the program."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
STATED = "from etl.formats.options import Stated\n\nSTATED = Stated()\n"
READER = '''"""The mail log of an invented appliance: a table with semicolons."""

from etl.formats.delimited.csv_trace import CsvTrace

READER = CsvTrace(
    name="acme_log",
    version=1,
    aliases={"date_time": ("when",), "direction": ("way",), "sender": ("from",), "recipient": ("to",), "tls": ("tls",)},
    required=("date_time", "tls"),
    telling=("direction",),
)
'''
COLUMNS = """create or replace temp table template (
    date_time varchar, direction varchar, sender varchar, recipient varchar, tls varchar, message_id varchar,
    network_message_id varchar, record bigint
);"""
RECORDS = """create or replace temp view records as
select
    case when clock is null then 'rejected' else 'used' end as outcome,
    case when clock is null then 'not a date' end as reason,
    data_date, occurred_at, direction, 'No connector' as connector, null::varchar as connector_type,
    null::boolean as forced_tls, trimmed(sender) as sender, trimmed(recipient) as recipient,
    coalesce(tls_version, 'Unknown') as tls_version, 'Unknown' as tls_cipher, 'Unknown' as tls_group,
    'Unknown' as tls_auth, message_id, network_message_id, null::bigint as bytes, null::bigint as messages,
    null::varchar as unknown_version, null::varchar as unknown_cipher, record
from dated
left join tls_words on tls_words.word = fold_word(tls);"""
CONFIG = """
[organisation]
name = "Contoso"
domains = ["contoso.example"]
[report]
time_zone = "UTC"
[storage]
root = "data"
[[sources]]
name = "acme"
format = "acme_log"
location = "."
pattern = "acme-{date}.csv"
"""
EXPORT = """when;way;from;to;tls
2026-11-16T10:00:00Z;inbound;a@fabrikam.example;b@contoso.example;TLS1.2
2026-11-16T10:00:01Z;outbound;b@contoso.example;a@litware.example;TLS1.3
yesterday;inbound;a@fabrikam.example;b@contoso.example;TLS1.2
"""


def test_a_format_is_a_folder_and_a_line(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "etl", tmp_path / "etl", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "report_templates", tmp_path / "report_templates")
    before = set((tmp_path / "etl").rglob("*"))

    folder = tmp_path / "etl" / "formats" / "acme_log"
    folder.mkdir()
    (folder / "__init__.py").write_text(STATED)
    (folder / "reader.py").write_text(READER)
    (folder / "columns.sql").write_text(COLUMNS)
    (folder / "records.sql").write_text(RECORDS)
    registry = tmp_path / "etl" / "formats" / "__init__.py"
    lines = registry.read_text()
    registry.write_text(lines.replace("NAMES = (\n", 'NAMES = (\n    "acme_log",\n', 1))
    added = {path.relative_to(tmp_path / "etl").as_posix() for path in set((tmp_path / "etl").rglob("*")) - before}
    assert {name for name in added if not name.startswith("formats/acme_log")} == set()
    assert len(registry.read_text().splitlines()) == len(lines.splitlines()) + 1

    (tmp_path / "config.toml").write_text(CONFIG)
    (tmp_path / "acme-2026-11-16.csv").write_text(EXPORT)
    told = json.loads(_run(tmp_path, "ingest", "--json"))
    assert [(item["state"], item["records"], item["used"], item["rejected"]) for item in told["files"]] == [
        ("counted", 3, 2, 1)
    ]
    facts = json.loads(_run(tmp_path, "facts", "--from", "2026-11-16", "--to", "2026-11-16", "--format", "json"))
    assert [(row["direction"], row["partner_domain"], row["tls_version"], row["messages"]) for row in facts] == [
        ("inbound", "fabrikam.example", "TLS 1.2", 1),
        ("outbound", "litware.example", "TLS 1.3", 1),
    ]


def _run(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "etl", *words], cwd=folder, capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    return done.stdout
