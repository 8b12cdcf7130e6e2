"""A letter to a partner: the evidence in both forms, nobody's address, and nothing of it acting as markup."""

from __future__ import annotations

import json
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from etl import settings as settings_module
from etl.cli.app import app
from etl.common.domains import organisational, readable
from etl.common.errors import NotFound, UsageInvalid
from etl.common.periods import parse_period
from etl.model.report import ReportModel
from etl.report import letter
from etl.report.language import load
from etl.report.preview import preview
from etl.report.view.findings import partner_name
from tests.helpers import bring, export
from tests.insights.exports import SUMS, mail

CONFIG = """
[organisation]
name = "Contoso <b>AB</b>"
domains = ["contoso.example"]
[report]
time_zone = "Europe/Stockholm"
[storage]
root = "data"
[[sources]]
name = "m365"
format = "m365_connector_report"
location = "exports"
pattern = "connector-*"
[[connectors]]
name = "hub"
contact = "Kim, kim@contoso.example"
"""
WEEK = "2026-W47"
HOSTILE = "<script>alert(1)</script>.example"
SWEDISH = "xn--rksmrgs-5wao1o.example"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("letters")
    (folder / "exports").mkdir()
    path = folder / "config.toml"
    path.write_text(CONFIG, encoding="utf-8")
    rows = mail("hub", 46, {"TLS1.1": 3}, partner="mail.fabrikam.example")
    rows += mail("hub", 47, {"No TLS": 2001, "TLS1.3": 7999}, partner="mail.fabrikam.example")
    rows += mail("", 47, {"TLS1.0": 5, "": 2}, partner="mail.fabrikam.example", direction="outbound")
    rows += mail("hub", 47, {"SSL3": 1}, partner="fabrikam.example")
    rows += mail("hub", 47, {"TLS1.3": 9}, partner="modern.example")
    rows += mail("", 47, {"No TLS": 4}, partner="out.example", direction="outbound")
    for odd in (HOSTILE, SWEDISH, "a\u202eb.example", "=cmd().example"):
        rows += mail("hub", 47, {"No TLS": 4}, partner=odd)
    for n in range(600):
        rows += mail("hub", 47, {"No TLS": 1}, partner=f"p{n:03}.many.example")
    bring(settings_module.load(path, {}), {"connector-all": export(rows, SUMS)})
    return path


@cache
def model_of(config: Path) -> ReportModel:
    return preview(settings_module.load(config, {}), parse_period(WEEK))


def written(config: Path, partner: str, *, language: str = "en", whole: bool = False) -> letter.Letter:
    found = letter.evidence(settings_module.load(config, {}), parse_period(WEEK), partner, organisational=whole)
    return letter.write(model_of(config).model_copy(update={"language": language}), found)


class Read(HTMLParser):
    """The elements, the cells of the table and the words of a letter's HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.cells: list[str] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self.tags[-1:] == ["td"] and data.strip():
            self.cells.append(data)


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def test_both_forms_say_what_the_model_has(config: Path) -> None:
    made = written(config, "Mail.Fabrikam.example.")
    read = Read(made.html)
    rows = [tuple(plain(cell) for cell in read.cells[n : n + 4]) for n in range(0, len(read.cells), 4)]
    assert rows == [
        ("from you to us", "No TLS", "2 001", "20.0 %"),
        ("from you to us", "TLS 1.3", "7 999", "80.0 %"),
        ("from us to you", "TLS 1.0", "5", "71.4 %"),
        ("from us to you", "Unknown", "2", "28.6 %"),
    ]
    words = plain(made.text)
    for row in rows:
        assert " ".join(row) in words
    for sentence in (
        "From you to us: 2 001 of 10 000 messages below TLS 1.2, first seen on 9 November 2026, last on 16 November",
        "From us to you: 5 of 7 messages below TLS 1.2, first seen on 16 November 2026, last on 16 November 2026.",
        "To the postmaster of mail.fabrikam.example",
        "Mon 16 – Sun 22 November 2026 (Europe/Stockholm)",
        "2026-W47",
    ):
        assert sentence in words
        assert sentence in plain(" ".join(read.words))
    lines = {line.direction: line for line in model_of(config).partners
             if line.partner_domain == "mail.fabrikam.example"}  # fmt: skip
    assert lines["inbound"].versions == {"No TLS": 2001, "TLS 1.3": 7999}
    assert str(lines["inbound"].first_seen_date) == "2026-11-09"
    assert lines["inbound"].organisational_domain == "fabrikam.example"


@pytest.mark.parametrize("language", ["en", "sv"])
@pytest.mark.parametrize("partner", ["mail.fabrikam.example", HOSTILE, SWEDISH])
def test_nobodys_address_and_nothing_that_acts(config: Path, language: str, partner: str) -> None:
    made = written(config, partner, language=language)
    read = Read(made.html)
    assert "script" not in read.tags
    assert "b" not in read.tags
    assert "@" not in made.text + made.html + made.subject
    assert "Kim" not in made.text + made.html
    assert "default-src 'none'" in made.html
    assert not re.search(r"https?:|src=|href=", made.html)
    assert "\n" not in made.subject
    assert all(len(line) <= letter.WIDTH for line in made.text.splitlines() if "example" not in line)


def test_mail_to_us_is_told_as_what_the_sender_claims(config: Path) -> None:
    forged = {"en": "It can be forged", "sv": "Den kan vara förfalskad"}
    for language, words in forged.items():
        both, outbound = (written(config, name, language=language) for name in ("mail.fabrikam.example", "out.example"))
        assert words in plain(both.text)
        assert words in both.html
        assert words not in plain(outbound.text) + outbound.html


def test_swedish_is_swedish(config: Path) -> None:
    made = written(config, "mail.fabrikam.example", language="sv")
    assert made.subject.startswith("E-post mellan")
    assert "från er till oss Utan TLS 2 001 20,0 %" in plain(made.text)
    assert not re.search(r"\b(the|messages|from)\b", made.text)


def test_an_internationalised_name_is_found_and_shown_in_both_spellings(config: Path) -> None:
    for spelling in (SWEDISH, "räksmörgås.example", "RÄKSMÖRGÅS.example"):
        assert f"räksmörgås.example ({SWEDISH})" in plain(written(config, spelling).text)


def test_the_whole_organisation(config: Path) -> None:
    for name in ("mail.fabrikam.example", "fabrikam.example", "other.fabrikam.example"):
        words = plain(written(config, name, whole=True).text)
        assert "It holds the domains below fabrikam.example as well." in words
        assert "From you to us: 2 002 of 10 001 messages below TLS 1.2" in words
    assert "600 of 600" in plain(written(config, "many.example", whole=True).text)


def test_a_partner_beyond_those_the_report_lists(config: Path) -> None:
    assert "p599.many.example" not in {line.partner_domain for line in model_of(config).partners}
    assert "1 of 1 messages" in plain(written(config, "p599.many.example").text)


@pytest.mark.parametrize("partner", ["modern.example", "nobody.example", "many.example"])
def test_there_is_no_letter_without_evidence(config: Path, partner: str) -> None:
    with pytest.raises(NotFound, match="has no mail of"):
        written(config, partner)


@pytest.mark.parametrize("partner", ["", "<>", "Unknown", "user@fabrikam.example"])
def test_there_is_no_letter_to_what_is_no_domain(config: Path, partner: str) -> None:
    with pytest.raises(UsageInvalid, match="is no partner domain"):
        written(config, partner)


def test_the_command_writes_both_forms(config: Path, tmp_path: Path) -> None:
    call = ["--config", str(config), "letter", WEEK, "--partner", HOSTILE, "--out", str(tmp_path)]
    done = CliRunner().invoke(app, [*call, "--language", "sv"])
    assert done.exit_code == 0, done.output
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["letter-_script_alert_1___script_.example.html", "letter-_script_alert_1___script_.example.txt"]
    assert "Till postmaster" in (tmp_path / names[1]).read_text(encoding="utf-8")
    wrong = CliRunner().invoke(app, [*call, "--language", "xx"])
    assert wrong.exit_code != 0
    assert isinstance(wrong.exception, UsageInvalid) or "language" in wrong.output


def test_facts_by_organisational_domain(config: Path) -> None:
    def asked(by: str) -> list[dict[str, object]]:
        call = ["--config", str(config), "facts", "--from", "2026-11-16", "--to", "2026-11-22", "--format", "json"]
        done = CliRunner().invoke(app, [*call, "--by", by])
        assert done.exit_code == 0, done.output
        found: list[dict[str, object]] = json.loads(done.stdout)
        return found

    sums = {row["organisational_domain"]: row["messages"] for row in asked("organisational_domain")}
    assert sums["fabrikam.example"] == 10_008
    assert sums["many.example"] == 600
    both = asked("organisational_domain,partner_domain,tls_version")
    assert {row["partner_domain"] for row in both if row["organisational_domain"] == "fabrikam.example"} == {
        "fabrikam.example", "mail.fabrikam.example",
    }  # fmt: skip
    assert sum(int(str(row["messages"])) for row in both) == sum(int(str(value)) for value in sums.values())


@pytest.mark.parametrize(
    ("domain", "owner"),
    [
        ("mail.fabrikam.example", "fabrikam.example"),
        ("fabrikam.example", "fabrikam.example"),
        ("a.b.fabrikam.co.uk", "fabrikam.co.uk"),
        ("co.uk", "co.uk"),
        ("example", "example"),
        ("mx.xn--85x722f.com.cn", "xn--85x722f.com.cn"),
        ("<>", "<>"),
        ("Unknown", "Unknown"),
        ("[192.0.2.1]", "[192.0.2.1]"),
        ("192.0.2.1", "192.0.2.1"),
        ("a..b", "a..b"),
    ],
)
def test_organisational_domains(domain: str, owner: str) -> None:
    assert organisational(domain) == owner


def test_reports_show_internationalised_names_readable_and_exact() -> None:
    lang = load("en")
    assert partner_name(lang, SWEDISH) == f"räksmörgås.example ({SWEDISH})"
    assert partner_name(lang, "a\u202eb.example") == "a\ufffdb.example"
    assert (partner_name(lang, "<>"), partner_name(lang, "Unknown")) == ("<> (null sender)", "Unknown")


def test_readable_domains() -> None:
    assert readable(SWEDISH) == f"räksmörgås.example ({SWEDISH})"
    assert readable("fabrikam.example") == "fabrikam.example"
    assert readable("xn--\u202e.example") == "xn--\u202e.example"
    assert readable("xn--a.example") == "xn--a.example"
