"""The mail: what its first lines say, how large it is, and that nothing in a name can act."""

from __future__ import annotations

import base64
import io
import re

import pytest
from PIL import Image

from etl.common.words import LEDGER_HEAD_MARKER
from etl.model.report import ReportModel
from etl.report import email, email_text
from etl.report.email import MailParts
from tests.report.fixtures import quiet_model, report_model
from tests.report.test_renderings import flowing

HOSTILE = (
    "<script>alert(1)</script>" * 12, "=cmd()|'a'!A1", "line\r\nBcc: somebody@evil.example\nbreak", 'Å,"ö',
    "שלום עולם", "中文连接器", "x" * 300, "‮drow reversed",
)  # fmt: skip


@pytest.fixture(scope="module")
def mail() -> MailParts:
    return email.render(report_model("en", number=2, missing=("2026-11-18 (m365)",)))


def renamed(model: ReportModel) -> ReportModel:
    """The same week, with connectors, partners and the organisation called by hostile names."""
    names = dict(zip(sorted({part.connector for part in model.connectors}), HOSTILE, strict=False))
    parts = {"connectors": model.connectors, "insights": model.insights, "flow": model.flow}
    changed = {
        key: tuple(item.model_copy(update={"connector": names.get(item.connector, item.connector)}) for item in items)
        for key, items in parts.items()
    }
    return model.model_copy(update=changed | {"organisation": "Evil\r\nSubject: none <b>"})


def test_the_first_three_lines_say_verdict_shares_and_action(mail: MailParts) -> None:
    top = flowing(mail.text.split("\n\n")[0])
    assert re.match(
        r"CORRECTED PROVISIONAL: \d\d\.\d % of the mail we can see met TLS 1\.2 or newer: [\d ]+ of [\d ]+ messages "
        r"\(RFC 9325\)\. About \d+ % of week 47 is missing: no export for Wed 18 Nov\. That is about 31 200 messages "
        r"by the usual volume; with them, and the unknown, the share lies between \d\d % and \d\d %\. First: ", top,
    ), top  # fmt: skip
    shown = re.sub(r"<(style|title)\b.*?</\1>|<[^>]+>", "\n", mail.html, flags=re.DOTALL)
    preheader, *lines = [
        line.strip() for line in shown.splitlines() if line.strip() not in ("", "CORRECTED", "PROVISIONAL")
    ]
    assert preheader.startswith("First: ")
    assert flowing(lines[0]) in top
    assert flowing(lines[2]) in top


def test_the_subject_says_verdict_week_and_edition(mail: MailParts) -> None:
    assert mail.subject == (
        "CORRECTED: 2 to act on, 95.2\u00a0% at TLS 1.2+ (15\u00a0% missing) · W47, edition 2 · Contoso AB"
    )
    assert email.render(report_model("sv")).subject.startswith("2 att åtgärda, 95,2\u00a0% med TLS 1.2+ · v47")


def test_it_stays_small_without_the_pdf() -> None:
    parts = email.render(report_model("sv", connectors=190, number=2))
    images = sum(len(base64.encodebytes(image)) for image in parts.images.values())
    assert len(parts.html.encode()) * 1.1 + len(parts.text.encode()) * 1.1 + images < 200_000


@pytest.mark.parametrize("language", ["en", "sv"])
def test_lines_of_text_are_short_and_columns_align(language: str) -> None:
    lines = email.render(renamed(report_model(language, connectors=4))).text.replace("\u00a0", "_").splitlines()
    assert max(len(line) for line in lines) <= email_text.WIDTH
    heads = next(n for n, line in enumerate(lines) if re.match(r" +\w+ +\w+ {2}.* {4}1\.0 ", line))
    rows = [line for line in lines[heads + 1 :] if re.match(r" +\d[\d_]* +[–\d]", line)]
    assert len(rows) > 10
    assert {len(line) for line in rows} == {len(lines[heads])}
    ends = [match.end() for match in re.finditer(r"\S+(?: \S+)?", lines[heads])]
    for row in rows:
        assert [match.end() for match in re.finditer(r"\S+", row)] == ends, row


def test_both_parts_name_the_ledger_once_and_the_next_report(mail: MailParts) -> None:
    for part in (mail.html, mail.text):
        assert part.count(LEDGER_HEAD_MARKER) == 1
        assert "30 November 2026, 06:00 Europe/Stockholm" in part
        assert "23 November 2026, 06:00 Europe/Stockholm" in part
        assert "2026-W40, edition 2" in part


def test_a_preview_names_no_ledger() -> None:
    previewed = email.render(report_model(number=0))
    for part in (previewed.html, previewed.text):
        assert LEDGER_HEAD_MARKER not in part
        assert "none: a preview is not archived" in part


def test_charts_are_inline_with_words_for_those_who_cannot_see_them(mail: MailParts) -> None:
    shown = re.findall(r'<img [^>]*src="cid:([^"]+)"[^>]* alt="([^"]+)"', mail.html)
    assert {cid for cid, _ in shown} == set(mail.images)
    assert len(mail.images) == 2
    assert all(len(words) > 40 for _, words in shown)
    for image in mail.images.values():
        assert Image.open(io.BytesIO(image)).width == 960


def test_it_keeps_to_what_mail_clients_can(mail: MailParts) -> None:
    assert not re.search(
        r"<(script|link|form|iframe|object|svg|video|div)\b|@import|https?:|position:|flex|grid", mail.html
    )
    assert mail.html.count("<style>") == 1
    assert '<meta name="color-scheme" content="light dark">' in mail.html
    assert "@media (prefers-color-scheme:dark)" in mail.html
    assert 'role="presentation"' in mail.html
    assert "max-width:600px" in mail.html


def test_names_cannot_act() -> None:
    parts = email.render(renamed(report_model("en")))
    assert "<script" not in parts.html
    assert "&lt;script&gt;" in parts.html
    assert not re.search(r"[\r\n\x00-\x1f\u2028\u202e]", parts.subject)
    assert "\nBcc:" not in parts.text
    assert "\u202e" not in parts.text + parts.html


def test_a_quiet_week_is_short_and_says_so() -> None:
    parts = email.render(quiet_model("sv"))
    assert parts.subject.startswith("Ingen e-post")
    assert parts.images == {}
    assert len(parts.text.splitlines()) < 40
