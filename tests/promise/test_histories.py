"""The promise: the facts are a pure function of the evidence, the counting settings and the readers' version.

Hypothesis draws exports (overlaps, repeats, late rows, restatements, two sources and zones) and a history of runs (any
order, parallel, failed, killed, repeated, partial, with retractions, replacements and seals). Whatever happened, the
facts must be those that one clean rebuild makes from the same evidence.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from etl import evidence, facts, landing, retention, storage, warehouse
from etl.commands.data import bring_up
from etl.errors import TransitLedgerError
from etl.settings import Settings
from tests.helpers import export, row, site

DAYS = (date(2026, 11, 16), date(2026, 11, 17))
KINDS = ("overlap", "late row", "retraction", "restatement", "sealed day", "kill")
held: Counter[str] = Counter()
runs: Counter[str] = Counter()


class KilledHere(BaseException):
    """Stands for SIGKILL inside the process: nothing of ours catches it, clean-up of temporary files aside."""


@dataclass(frozen=True)
class History:
    """Which exports there are, and what is done, in order."""

    files: tuple[tuple[str, str, bytes], ...]
    """(source, name, content)"""
    steps: tuple[tuple[Any, ...], ...]
    kinds: frozenset[str]


SOURCES = [
    {"name": "m365", "format": "m365_connector_report", "location": "exports", "pattern": "connector-*"},
    {
        "name": "totals",
        "format": "m365_connector_report",
        "location": "exports",
        "pattern": "totals-*",
        "time_zone": "America/New_York",
    },
]
TOTALS = ("date", "direction", "connector", "tls_version", "sender_address", "count")


def message(number: int, day: date, version: str) -> dict[str, str]:
    """A message of its own on `day`; the same number is the same message."""
    return row(number, date_time_utc=f"{day}T{8 + number % 12:02d}:00:00Z", tls_version=version)


versions = st.sampled_from(["TLS1.2", "TLS1.3", "No Tls", "TLS1.0", "", "TLS"])


@st.composite
def traces(draw: st.DrawFn, number: int) -> tuple[str, str, bytes]:
    """An export with identities: messages 0 to 5, so that two exports easily overlap."""
    numbers = draw(st.lists(st.integers(0, 5), min_size=1, max_size=4, unique=True))
    rows = [message(n, DAYS[n % 2], draw(versions)) for n in numbers]
    return "m365", f"connector-{number}.csv", export(rows)


@st.composite
def totals(draw: st.DrawFn, number: int) -> tuple[str, str, bytes]:
    """An export that only counts: the newest for a day restates it."""
    rows = [
        {
            "date": f"{draw(st.sampled_from(DAYS))} 12:00",
            "direction": "Sent",
            "connector": "Smart host",
            "tls_version": draw(versions),
            "sender_address": "",
            "count": str(draw(st.integers(1, 9))),
        }
        for _ in range(draw(st.integers(1, 2)))
    ]
    stamp = f"202611{18 + number:02d}T{number:02d}0000Z"
    return "totals", f"totals-{stamp}.csv", export(rows, TOTALS)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Exports, and what happens to them; each kind of trouble in about half of all histories."""
    kinds = frozenset(kind for kind in KINDS if draw(st.booleans()))
    files = [draw(traces(0)), draw(traces(1))]
    if "overlap" in kinds:
        both = files[0][2] + b"".join(files[1][2].splitlines(keepends=True)[1:])
        files.append(("m365", "connector-2.csv", both))
    if "restatement" in kinds:
        files += [draw(totals(1)), draw(totals(2))]
    late = [("m365", "connector-9.csv", export([message(7, DAYS[0], "TLS1.2")]))] if "late row" in kinds else []
    order = draw(st.permutations(range(len(files))))
    steps: list[tuple[Any, ...]] = []
    for index in order:
        steps.append(("land", index, draw(st.sampled_from(["bring", "only land", "parallel", "fail"]))))
        if draw(st.integers(0, 3)) == 0:
            steps.append(("land", index, "bring"))
    if "kill" in kinds:
        steps.insert(draw(st.integers(0, len(steps))), ("kill", draw(st.integers(1, 40))))
    if "retraction" in kinds:
        steps.append(draw(st.sampled_from([("retract", 0), ("replace", 0, 1), ("retract and back", 1)])))
    if "sealed day" in kinds:
        steps.append(("seal", draw(st.sampled_from(DAYS))))
    steps += [("land", len(files), "bring")] if late else []
    return History(tuple(files + late), tuple(steps), kinds)


def play(site_settings: Settings, history: History) -> None:
    """Does what the history says; a step that fails as our own errors do leaves the rest to the next."""
    paths = []
    for source, name, content in history.files:
        path = site_settings.sources[0].location / name
        path.write_bytes(content)
        paths.append((source, path))
    for step in history.steps:
        with suppress(TransitLedgerError):
            _STEPS[step[0]](site_settings, paths, *step[1:])


def _land(site_settings: Settings, paths: list[tuple[str, Path]], index: int, how: str) -> None:
    source, path = paths[index]
    landing.collect(site_settings, source=source, files=[path])
    if how == "bring":
        bring_up(site_settings)
    elif how == "parallel":
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda _: bring_up(site_settings), range(2)))
    elif how == "fail":
        for day in facts.dirty_days(site_settings)[:1]:
            facts.rebuild_day(site_settings, day)


def _kill(site_settings: Settings, paths: list[tuple[str, Path]], after: int) -> None:
    """Lands everything that is there, and dies at the `after`-th time that a file is about to be made durable."""
    left = [after]

    def dying(real: Callable[..., None]) -> Callable[..., None]:
        def sync(path: Path, *mode: int) -> None:
            left[0] -= 1
            if left[0] == 0:
                raise KilledHere
            real(path, *mode)

        return sync

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(storage, "sync_file", dying(storage.sync_file))
        patch.setattr(storage, "sync_folder", dying(storage.sync_folder))
        with suppress(KilledHere):
            for source, path in paths[:2]:
                landing.collect(site_settings, source=source, files=[path])
            bring_up(site_settings)


def _sha256(paths: list[tuple[str, Path]], index: int) -> str:
    return storage.sha256_of(paths[index][1])


def _retract(site_settings: Settings, paths: list[tuple[str, Path]], index: int) -> None:
    evidence.add_note(site_settings, "retract", who="t", why="t", source="m365", sha256=_sha256(paths, index))
    bring_up(site_settings)


def _replace(site_settings: Settings, paths: list[tuple[str, Path]], old: int, new: int) -> None:
    about = {"source": "m365", "sha256": _sha256(paths, old), "other": _sha256(paths, new)}
    evidence.add_note(site_settings, "replace", who="t", why="t", **about)


def _retract_and_back(site_settings: Settings, paths: list[tuple[str, Path]], index: int) -> None:
    about = {"source": "m365", "sha256": _sha256(paths, index)}
    note = evidence.add_note(site_settings, "retract", who="t", why="t", **about)
    bring_up(site_settings)
    evidence.add_note(site_settings, "revoke", who="t", why="t", revokes=note.number)


def _seal(site_settings: Settings, _paths: list[tuple[str, Path]], day: date) -> None:
    bring_up(site_settings)
    retention.seal(site_settings, day, who="t", why="t")


_STEPS: dict[str, Callable[..., None]] = {
    "land": _land,
    "kill": _kill,
    "retract": _retract,
    "replace": _replace,
    "retract and back": _retract_and_back,
    "seal": _seal,
}


def same_evidence_elsewhere(site_settings: Settings, folder: Path) -> Settings:
    """A second storage with nothing but the evidence: landed bytes, receipts, notes, and the facts of sealed days."""
    other = site(folder, sources=SOURCES)
    for part in ("landed", "receipts", "notes"):
        if (site_settings.storage.root / part).exists():
            shutil.copytree(site_settings.storage.root / part, other.storage.root / part)
    for day in facts.sealed_days(site_settings):
        for path in (site_settings.storage.root / "facts").glob(f"{day}*"):
            target = other.storage.root / "facts" / path.name
            target.parent.mkdir(exist_ok=True)
            shutil.copytree(path, target) if path.is_dir() else shutil.copy(path, target)
    return other


def leftovers(site_settings: Settings) -> list[Path]:
    """Half-made files that anybody could see."""
    return [path for path in site_settings.storage.root.rglob(f"{storage.TEMPORARY}*") if path.is_file()]


def holds(history: History) -> None:
    """Plays the history, finishes it with one more run, and holds the facts against a clean rebuild's."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lived = site(folder / "lived", sources=SOURCES)
        play(lived, history)
        bring_up(lived)
        clean = same_evidence_elsewhere(lived, folder / "clean")
        warehouse.rebuild(clean)
        assert warehouse.digest(lived) == warehouse.digest(clean)
        assert published(lived) == published(clean)
        assert facts.dirty_days(lived) == []
        assert leftovers(lived) == []
    held.update(history.kinds)
    runs["all"] += 1


def published(site_settings: Settings) -> list[Any]:
    """Every row of the published facts, in order."""
    with warehouse.connect(site_settings.storage.warehouse_path) as con:
        return con.execute("select * from facts order by all").fetchall()


@pytest.fixture(scope="module", autouse=True)
def _told(request: pytest.FixtureRequest) -> Iterator[None]:
    """Prints how many histories held each kind of trouble, and fails if one was too rare to mean anything."""
    yield
    if runs["all"] < 50:
        return
    capture = request.config.pluginmanager.getplugin("capturemanager")
    line = ", ".join(f"{kind} {held[kind]}" for kind in KINDS)
    with capture.global_and_fixture_disabled():
        print(f"\n{runs['all']} histories; with {line}")
    assert all(held[kind] * 5 >= runs["all"] for kind in KINDS), line


CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large]


@pytest.mark.timeout(900)
@examples(max_examples=100, deadline=None, derandomize=True, suppress_health_check=CHECKS)
@given(histories())
def test_facts_are_a_function_of_the_evidence(history: History) -> None:
    holds(history)


@pytest.mark.long
@pytest.mark.timeout(7200)
@examples(max_examples=1000, deadline=None, suppress_health_check=CHECKS)
@given(histories())
def test_facts_are_a_function_of_the_evidence_a_thousand_times(history: History) -> None:
    holds(history)
