"""The HTML report in Chromium: every control, the numbers against the facts, keyboard, screen reader, narrow and dark.

`open_page` fails a test whose page complained (console, Content-Security-Policy, dialogs) or asked the network for
anything.
"""

from __future__ import annotations

import csv
import io
import re
import subprocess
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page

from etl.common.words import MODERN, PROTECTED
from etl.model.report import ReportModel
from etl.report import html
from tests.report import fixtures
from tests.report.conftest import Facts, Open, SamplePage
from tests.report.test_html import RTL, with_names

WEEK = ("2026-11-16", "2026-11-22")
AS_DATA = {"Version unknown": "TLS unknown"}
"""A column's head, and what the data call it."""
WORDS = {"in": "inbound", "out": "outbound"}
NO_CONNECTOR = {"No connector, from the internet": "inbound", "No connector, to the internet": "outbound"}


def number(text: str) -> int:
    """A cell's number; a dash is nothing."""
    return 0 if text == "–" else int(re.sub(r"[\u202f\s]", "", text))


def between(facts: Facts, first: str, last: str) -> Facts:
    return Counter({key: n for key, n in facts.items() if first <= key[0] <= last})


def texts(page: Page, selector: str) -> list[list[str]]:
    """All cells of the rows of a table, as text."""
    script = "rows => rows.filter(r => !r.hidden).map(r => [...r.cells].map(c => c.textContent.trim()))"
    found: list[list[str]] = page.locator(selector).evaluate_all(script)
    return found


def heads(page: Page, table: str) -> list[str]:
    return texts(page, f"{table} thead tr")[0]


def shown_rows(page: Page) -> list[list[str]]:
    """All rows that the connector report shows, page after page."""
    rows = texts(page, "#details tbody tr")
    while page.locator("#c-pager").is_visible() and page.locator("#c-more").is_enabled():
        page.click("#c-more")
        rows += texts(page, "#details tbody tr")
    return rows


def as_facts(page: Page, rows: Iterable[list[str]]) -> Counter[tuple[str, str, str]]:
    """Shown rows as messages by direction, connector and TLS version."""
    names = heads(page, "#details")
    found: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        name = "No connector" if row[2] in NO_CONNECTOR else row[2]
        numbers = dict(zip(names[5:], map(number, row[5:]), strict=True))
        assert sum(n for head, n in numbers.items() if head != "Volume") == numbers["Volume"]
        for version, n in numbers.items():
            if version != "Volume":
                found[WORDS[row[1]], name, AS_DATA.get(version, version)] += n
    return +found


def wanted(facts: Facts, first: str, last: str) -> Counter[tuple[str, str, str]]:
    found: Counter[tuple[str, str, str]] = Counter()
    for (_, direction, connector, version), n in between(facts, first, last).items():
        found[direction, connector, version] += n
    return found


def choose(page: Page, *, name: str = "", way: str = "", first: str = "", last: str = "") -> None:
    page.click("#c-reset")
    page.fill("#c-name", name)
    page.select_option("#c-way", way)
    if first:
        page.fill("#c-from", first)
        page.locator("#c-from").dispatch_event("change")
    if last:
        page.fill("#c-to", last)
        page.locator("#c-to").dispatch_event("change")


def written(folder: Path, model: ReportModel, name: str = "report.html") -> Path:
    file = folder / name
    file.write_bytes(html.render(model))
    return file


OPEN_ALL = "document.querySelectorAll('details').forEach(section => { section.open = true; })"


# The numbers.


def test_the_first_screen_says_verdict_shares_action_completeness_and_period(sample: SamplePage, page: Page) -> None:
    sums: Counter[tuple[str, str]] = Counter()
    for (_, direction, _, version), n in between(sample.facts, *WEEK).items():
        sums[direction, version] += n
    every: Counter[str] = Counter()
    for (_, version), n in sums.items():
        every[version] += n
    known = every.total() - every["Unknown"]
    for figure, versions, of in (
        ("encrypted", PROTECTED, known), ("up-to-date", MODERN, known - every["TLS unknown"]),
    ):  # fmt: skip
        box = page.locator(f"[data-figure={figure}]")
        n = sum(every[version] for version in versions)
        assert (box.get_attribute("data-n"), box.get_attribute("data-of")) == (str(n), str(of))
        assert box.inner_text() == f"{100 * n / of:.1f}\u202f%"
    top = page.locator("header").inner_text()
    assert re.search(r"% of the mail we can see met TLS 1\.2 or newer: [\d\s]+ of [\d\s]+ messages", top)
    assert re.search(r"About \d+\s% of week 47 is missing: no export for Wed 18 Nov; Thu 19 Nov ends at 14:17", top)
    assert "6 of 7 daily exports came" in top
    assert "Europe/Stockholm" in top
    assert "Mon 16 – Sun 22 November 2026" in top
    first = page.locator(".todo tbody tr").first
    assert "No TLS is above 25%" in first.inner_text()
    assert "postmaster@fabrikam.example" in first.inner_text()
    for element in (page.locator("h1"), page.locator(".figures"), first):
        box = element.bounding_box()
        assert box
        assert box["y"] + box["height"] < 900


def test_the_table_of_connectors_agrees_with_the_facts(sample: SamplePage, page: Page) -> None:
    versions = [name for name in heads(page, "#counts") if name not in ("Connector", "Messages", "Last week")]
    found: Counter[tuple[str, str, str]] = Counter()
    totals: dict[str, Counter[str]] = {}
    for name, *cells in texts(page, "#counts tbody tr"):
        numbers = dict(zip(versions, map(number, cells), strict=False))
        if name.startswith("All mail"):
            totals[name] = Counter({AS_DATA.get(version, version): n for version, n in numbers.items()})
            continue
        plain, _, way = name.rpartition(", ")
        direction = NO_CONNECTOR.get(name) or WORDS[way]
        for version, n in numbers.items():
            found[direction, "No connector" if name in NO_CONNECTOR else plain, AS_DATA.get(version, version)] += n
    facts = wanted(sample.facts, *WEEK)
    assert +found == facts
    for name, ways in (("All mail flow", WORDS), ("All mail in", ("in",)), ("All mail out", ("out",))):
        sums: Counter[str] = Counter()
        for (direction, _, version), n in facts.items():
            if direction in [WORDS[way] for way in ways]:
                sums[version] += n
        assert +totals[name] == sums


def test_the_details_hold_every_fact(sample: SamplePage, page: Page) -> None:
    rows = shown_rows(page)
    assert as_facts(page, rows) == wanted(sample.facts, "2026-01-01", "2026-12-31")
    assert len(rows) == len({key[:3] for key in sample.facts})


# The controls.


def test_connector_direction_and_dates_choose_what_is_shown(sample: SamplePage, page: Page) -> None:
    choose(page, name="from fabrikam logistics", first="2026-11-09", last="2026-11-15")
    facts = wanted(sample.facts, "2026-11-09", "2026-11-15")
    assert as_facts(page, shown_rows(page)) == Counter(
        {k: n for k, n in facts.items() if k[1] == "From Fabrikam Logistics"}
    )
    choose(page, name="from ", way="inbound", first="2026-11-16")
    facts = wanted(sample.facts, *WEEK)
    part = {k: n for k, n in facts.items() if k[0] == "inbound" and ("From " in k[1] or k[1] == "No connector")}
    assert as_facts(page, shown_rows(page)) == Counter(part)
    assert page.inner_text("#c-said").startswith(f"{sum(part.values()):,}".replace(",", "\u202f") + " messages")
    choose(page, name="no such connector")
    assert page.inner_text("#c-said") == "No mail fits this choice."
    assert shown_rows(page) == []
    names = page.locator("#c-names option").evaluate_all("options => options.map(o => o.value)")
    assert set(names) == {c for _, _, c, _ in sample.facts if c != "No connector"} | set(NO_CONNECTOR)
    choose(page, first="2026-11-20")
    page.fill("#c-to", "2026-11-01")
    page.locator("#c-to").dispatch_event("change")
    assert (page.input_value("#c-from"), page.input_value("#c-to")) == ("2026-11-01", "2026-11-01")


def test_the_presets_end_at_the_last_day_and_stay_inside_the_data(sample: SamplePage, page: Page) -> None:
    for preset, first in (("this period", WEEK[0]), ("30 days", "2026-10-24"), ("90 days", "2026-10-19")):
        button = page.get_by_role("button", name=preset)
        button.click()
        assert (page.input_value("#c-from"), page.input_value("#c-to")) == (first, WEEK[1])
        assert button.get_attribute("aria-pressed") == "true"
        days = page.locator("#c-chart .day")
        assert days.count() == len({key[0] for key in sample.facts if first <= key[0] <= WEEK[1]})
    page.get_by_role("button", name="this period").click()
    total = sum(between(sample.facts, "2026-11-09", "2026-11-15").values())
    assert f"in the 7 days before {total:,}".replace(",", "\u202f") in page.inner_text("#c-said")


def test_shares_are_printed_as_they_round(page: Page) -> None:
    choose(page, first="2026-11-16")
    counted = shown_rows(page)
    page.get_by_role("button", name="shares").click()
    names = heads(page, "#details")[5:]
    for before, row in zip(counted, shown_rows(page), strict=True):
        assert row[:5] == before[:5]
        numbers = dict(zip(names, map(number, before[5:]), strict=True))
        shares = dict(zip(names, row[5:], strict=True))
        known = numbers["Volume"] - numbers["Unknown"]
        assert number(shares["Unknown"]) == numbers["Unknown"]
        for head, text in shares.items():
            if head in ("Volume", "Unknown") or text in ("–", "<0.1"):
                continue
            assert text == f"{(2000 * numbers[head] + known) // (2 * known) / 10:.1f}"


def test_the_chart_follows_the_choice_and_tells_its_numbers(sample: SamplePage, page: Page) -> None:
    choose(page, name="Hybrid inbound", first="2026-11-16")
    bar = page.locator("#c-chart .day").nth(1)
    facts = Counter({k[3]: n for k, n in sample.facts.items() if k[0] == "2026-11-17" and k[2] == "Hybrid inbound"})
    week_before = sum(n for k, n in sample.facts.items() if k[0] == "2026-11-10" and k[2] == "Hybrid inbound")
    assert f"in: {facts.total()} (a week before {week_before})" in (bar.get_attribute("aria-label") or "")
    bar.hover()
    assert page.locator("#c-tip").is_visible()
    assert f"in: {facts.total()}" in page.inner_text("#c-tip")
    page.keyboard.press("Escape")
    assert page.locator("#c-tip").is_hidden()
    page.get_by_role("button", name="TLS usage").click()
    label = page.locator("#c-chart .day").nth(1).get_attribute("aria-label") or ""
    for version, n in facts.items():
        assert re.search(rf"{version}: {n} \(", label)
    assert set(re.findall(r"(No TLS|TLS 1\.\d|SSL 3\.0|Unknown): ", label)) == set(facts)
    tall = page.locator("#c-chart .day").nth(1).locator("rect").evaluate_all(
        "rects => rects.slice(1).map(r => Number(r.getAttribute('height')))"
    )  # fmt: skip
    top = max(sum(n for k, n in sample.facts.items() if k[0] == d and k[2] == "Hybrid inbound") for d in days(sample))
    assert sum(tall) == pytest.approx(190 * facts.total() / top, abs=0.5)


def days(sample: SamplePage) -> set[str]:
    return {key[0] for key in between(sample.facts, *WEEK)}


def test_the_keyboard_walks_the_days_and_closes_what_it_opened(sample: SamplePage, open_page: Open) -> None:
    page = open_page(sample.file).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the report"
    choose(page, first="2026-11-16")
    page.locator("#c-chart .day").first.focus()
    for key, n in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", 6), ("Home", 0)):
        page.keyboard.press(key)
        day = page.locator("#c-chart .day").nth(n)
        assert page.evaluate("document.activeElement.getAttribute('aria-label')") == day.get_attribute("aria-label")
        assert page.locator("#c-tip").is_visible()
    assert page.locator("#c-chart .day[tabindex='0']").count() == 1
    page.keyboard.press("Escape")
    assert page.locator("#c-tip").is_hidden()


def test_each_column_of_the_details_sorts_both_ways(page: Page) -> None:
    choose(page, first="2026-11-19", last="2026-11-21")
    for column, name in enumerate(heads(page, "#details")):
        head = page.locator("#details thead th").nth(column)
        for way in ("descending", "ascending"):
            head.get_by_role("button").click()
            assert head.get_attribute("aria-sort") == way
            cells = [row[column] for row in shown_rows(page)]
            if column == 0:
                cells = [re.sub(r"\D", "", cell) for cell in cells]
            ordered = [number(cell) if column == 0 or column > 4 else cell.lower() for cell in cells]
            assert ordered == sorted(ordered, reverse=way == "descending"), name


def test_every_connector_table_sorts_and_the_long_ones_filter(tmp_path: Path, open_page: Open) -> None:
    page = open_page(written(tmp_path, fixtures.report_model(connectors=20))).page
    for table, column in (("#counts", "No TLS"), ("#shares", "TLS 1.2"), ("#partners", "Messages")):
        n = heads(page, table).index(column)
        page.locator(f"{table} thead th").nth(n).get_by_role("button").click()
        values = page.locator(f"{table} tbody tr").evaluate_all(
            f"rows => rows.map(r => Number(r.cells[{n}].dataset.v))"
        )
        assert values == sorted(values, reverse=True)
    field = page.locator("xpath=//table[@id='partners']/../preceding-sibling::label[1]/input")
    field.fill("partner0003")
    assert [row[0] for row in texts(page, "#partners tbody tr")] == ["partner0003.example"]
    page.get_by_label("Only connectors with").fill("office 0007")
    assert page.locator("details.half:visible").count() == 1


@pytest.mark.parametrize("script", [True, False])
def test_partners_can_be_summed_by_organisation(sample: SamplePage, open_page: Open, script: bool) -> None:
    page = open_page(sample.file, script=script).page
    domains, organisations = page.locator("#partners"), page.locator("#organisations")
    assert (domains.is_visible(), organisations.is_visible()) == (True, False)
    page.get_by_label("summed by organisation").check()
    assert (domains.is_visible(), organisations.is_visible()) == (False, True)
    names = [row[0] for row in texts(page, "#organisations tbody tr")]
    assert "contoso.example" in names
    assert not {"doors.contoso.example", "print.contoso.example"} & set(names)


def test_the_csv_holds_what_is_shown_and_no_formula(tmp_path: Path, open_page: Open) -> None:
    model = fixtures.report_model(connectors=6)
    page = open_page(written(tmp_path, model)).page
    page.get_by_role("button", name="this period").click()
    with page.expect_download() as waiting:
        page.click("#c-csv")
    assert waiting.value.suggested_filename == "transit-ledger-2026-W47.csv"
    rows = list(csv.DictReader(io.StringIO(Path(waiting.value.path()).read_text("utf-8-sig"))))
    own = [row for row in model.flow if row.data_date >= model.period.first_date]
    assert len(rows) == len(own)
    assert sum(int(row["messages"]) for row in rows) == model.messages
    assert Counter(row["data_date"] for row in rows) == Counter(row.data_date.isoformat() for row in own)
    assert not [cell for row in rows for cell in row.values() if cell and cell[0] in "=+-@\t"]
    assert {"'=cmd()|' /C calc'!A0", 'Å,"ö', "<script>alert(1)</script>"} <= {row["connector"] for row in rows}
    page.get_by_role("button", name="shares").click()
    page.fill("#c-name", "Fabrikam partner")
    with page.expect_download() as waiting:
        page.click("#c-csv")
    rows = list(csv.DictReader(io.StringIO(Path(waiting.value.path()).read_text("utf-8-sig"))))
    assert {row["connector"] for row in rows} == {"Fabrikam partner"}
    shares = [float(value) for name, value in rows[0].items() if name.endswith(" share")]
    assert sum(shares) == pytest.approx(1, abs=1e-5)


def test_a_link_gives_the_same_view_again(sample: SamplePage, open_page: Open) -> None:
    page = open_page(sample.file).page
    choose(page, name="To Litware Archive, Malmö", way="outbound", first="2026-11-10", last="2026-11-20")
    page.get_by_role("button", name="TLS usage").click()
    page.get_by_role("button", name="shares").click()
    page.locator("#details thead th").nth(5).get_by_role("button").click()
    page.click("#c-link")
    rows, chart, link = shown_rows(page), page.locator("#c-chart").inner_html(), page.url
    assert "#view?" in link
    again = open_page(sample.file, view=link[link.index("#") :]).page
    assert shown_rows(again) == rows
    assert again.locator("#c-chart").inner_html() == chart
    assert again.input_value("#c-name") == "To Litware Archive, Malmö"
    again.click("#c-reset")
    assert "#" not in again.url
    assert len(shown_rows(again)) > len(rows)


BROKEN = (
    "#view?from=2026-99-99&to=x&sort=1.5&view=<b>&unit=%00", "#view?sort=99", "#view?from=1999-01-01", "#view?",
    "#%E0%A4", "#]",
)  # fmt: skip


def test_a_broken_link_shows_everything(sample: SamplePage, open_page: Open) -> None:
    page = open_page(sample.file, view=BROKEN[0]).page
    for view in (*BROKEN[1:], BROKEN[0]):
        assert page.input_value("#c-from") == "2026-10-19"
        assert page.inner_text("#c-said").startswith("30\u202f738 messages")
        page.evaluate("view => { location.hash = view; }", view)
    page.reload()
    assert page.inner_text("#c-said").startswith("30\u202f738 messages")


def test_a_connector_that_is_jumped_to_opens(page: Page) -> None:
    closed = page.locator("details.half:not([open])")
    name = closed.last.locator("h3").inner_text().split(" · ")[0]
    page.locator("#counts tbody a", has_text=name).click()
    section = page.locator("details.half", has_text=name).last
    section.locator(".inside").wait_for(state="visible")
    assert section.locator("svg.spark").count() == 2
    assert section.locator(".break").is_visible()


# Without the script, on paper, for everybody.


def test_without_the_script_everything_is_there_to_read(sample: SamplePage, open_page: Open) -> None:
    page = open_page(sample.file, script=False).page
    assert as_facts(page, texts(page, "#details tbody tr")) == wanted(sample.facts, "2026-01-01", "2026-12-31")
    assert page.locator("#controls").is_hidden()
    assert page.locator("#c-chart").is_hidden()
    assert page.locator(".wide svg[role=img]").count() >= 3
    assert all(box for box in map(Locator.bounding_box, page.locator("h2").all()))
    section = page.locator("details.half").last
    assert section.locator(".break").is_hidden()
    section.locator("summary").click()
    assert section.locator(".break").is_visible()
    assert page.locator("#h-provenance").is_visible()


def test_paper_has_the_week_with_heads_and_page_numbers(page: Page, tmp_path: Path) -> None:
    page.pdf(path=tmp_path / "page.pdf", format="A4")
    text = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "page.pdf", "-"], check=True, capture_output=True, text=True, timeout=60
    ).stdout
    assert text.count("What would break.") == page.locator("details.half").count()
    assert "Mon 9 Nov" not in text  # the days before belong to the explorer
    pages = text.rstrip("\f").split("\f")
    assert all(f"{n} / {len(pages)}" in shown for n, shown in enumerate(pages, start=1))
    assert all("Contoso AB" in shown and "edition 1" in shown.lower() for shown in pages)
    assert "Only rows with" not in text
    assert page.locator("details.half:not([open])").count() > 0


@pytest.mark.parametrize(
    ("width", "dark"),
    [
        (1280, False), (390, True), pytest.param(1280, True, marks=pytest.mark.long),
        pytest.param(390, False, marks=pytest.mark.long),
    ],
)  # fmt: skip
def test_axe_finds_nothing(sample: SamplePage, open_page: Open, axe: str, width: int, dark: bool) -> None:
    page = open_page(sample.file, width=width, dark=dark, bypass_csp=True).page
    page.evaluate(OPEN_ALL)
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    told = [(v["id"], v["nodes"][0]["html"], v["nodes"][0]["failureSummary"]) for v in found["violations"]]
    assert told == []
    assert len(found["passes"]) > 20


@pytest.mark.parametrize("width", [390, pytest.param(320, marks=pytest.mark.long)])
def test_nothing_is_wider_than_the_window(sample: SamplePage, open_page: Open, width: int) -> None:
    page = open_page(sample.file, width=width).page
    page.evaluate(OPEN_ALL)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(OUTSIDE) == []


OUTSIDE = """() => [...document.querySelectorAll('main *')].filter((element) => {
    if (element.closest('.scroll, .skip, datalist, .jump') || !element.getClientRects().length) return false;
    const box = element.getBoundingClientRect();
    return box.right > innerWidth + 1 || box.left < -1;
}).map((element) => element.outerHTML.slice(0, 120))"""


def test_hostile_names_are_text_and_break_nothing(tmp_path: Path, open_page: Open) -> None:
    evil = '"><img src=x onerror=alert(1)>'
    renamed = {
        "Branch office 0005": evil,
        "On-premises Stockholm": RTL,
        "Fabrikam partner": "=HYPERLINK(1)" + "y" * 290,
    }
    model = with_names(fixtures.report_model(connectors=6), renamed)
    file = written(tmp_path, model)
    page = open_page(file, width=390).page
    page.evaluate(OPEN_ALL)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate(OUTSIDE) == []
    page.fill("#c-name", evil)
    assert {row[2] for row in shown_rows(page)} == {evil}
    assert page.locator("img").count() == 0


@pytest.mark.parametrize("state", ["quiet", "no data", "one"])
def test_a_week_with_little_in_it_is_whole(tmp_path: Path, open_page: Open, state: str) -> None:
    weeks = {"quiet": fixtures.quiet_model, "no data": fixtures.no_data_model, "one": only_one}
    page = open_page(written(tmp_path, weeks[state]()), width=390).page
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    headline = page.locator("h1").inner_text()
    said = {
        "quiet": "No mail was seen in week 47",
        "no data": "No data came for week 47",
        "one": "met TLS 1.2 or newer",
    }
    assert said[state] in headline
    assert page.locator("h2").count() >= 3
    assert page.evaluate("document.querySelector('#controls').hidden") is False
    if state == "one":
        page.get_by_role("button", name="TLS usage").click()
        assert {row[2] for row in shown_rows(page)} == {"To Northwind"}


def only_one() -> ReportModel:
    """The report of an organisation with one connector."""
    model, name = fixtures.report_model(), "To Northwind"
    return model.model_copy(
        update={
            "flow": tuple(row for row in model.flow if row.connector == name),
            "connectors": tuple(part for part in model.connectors if part.connector == name), "insights": (),
        }
    )  # fmt: skip


@pytest.mark.long
def test_two_thousand_connectors_can_still_be_read(tmp_path: Path, open_page: Open) -> None:
    page = open_page(written(tmp_path, fixtures.report_model(connectors=1993, days=30))).page
    assert page.locator("details.half").count() == 2000
    assert page.evaluate("document.querySelectorAll('*').length") < 60_000
    last = page.locator("details.half").last
    assert last.locator(".break").count() == 0
    last.locator("summary").click()
    assert last.locator(".break").is_visible()
    page.fill("#c-name", "Branch office 1234")
    assert {row[2] for row in shown_rows(page)} == {"Branch office 1234"}
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
