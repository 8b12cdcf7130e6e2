"""The promise: the facts are a pure function of the evidence, the counting settings and the readers' version.

Hypothesis draws exports (overlaps, repeats, late rows, restatements, a log that grows, four sources in three zones,
with identities and without) and a history of runs (any order, parallel, partial, repeated, on a full disk, killed, with
retractions, replacements, notes taken back and seals). Whatever happened, facts and warehouse must be those that one
clean rebuild makes where the same exports landed in another order and nothing ever went wrong.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as examples
from hypothesis import strategies as st

from etl import facts, landing, warehouse
from etl.chain import bring_up
from etl.common import disk
from etl.common.errors import TransitLedgerError
from etl.landing import evidence
from etl.ops import retention
from etl.settings import Settings
from tests.formats.postfix_logs import active, handshake, line, sending
from tests.helpers import HEADER, export, row, site
from tests.promise.killing import full_disk, killed

DAYS = (date(2026, 11, 16), date(2026, 11, 17))
KINDS = ("overlap", "late row", "retraction", "restatement", "sealed day", "kill")
RARER = ("replacement", "note taken back", "growing log")
EXPORTED = 1_795_000_000
"""2026-11-18, when the exports were made, a second after one another."""
NO_IDENTITY = tuple(name for name in HEADER if name not in ("message_id", "network_message_id"))
TOTALS = ("date", "direction", "connector", "tls_version", "sender_address", "count")
CSV = {"format": "m365_connector_report", "location": "exports"}
SOURCES = [
    CSV | {"name": "m365", "pattern": "connector-{date}*"},
    CSV | {"name": "bare", "pattern": "bare-*", "time_zone": "Pacific/Auckland"},
    CSV | {"name": "totals", "pattern": "totals-*", "time_zone": "America/New_York"},
    {"name": "mx", "format": "postfix_log", "location": "exports", "pattern": "mail-*"},
]
HUMAN = ("retract", "replace", "seal")
CHECKED = examples(
    deadline=None, database=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate], print_blob=True
)
"""A failing history is told as it was drawn: making it smaller would take minutes."""


@dataclass(frozen=True)
class Export:
    """A file as a mail system delivers it, and when it was made."""

    source: str
    name: str
    content: bytes
    made: int


@dataclass(frozen=True)
class History:
    """Which exports there are, and what is done, in order: the name of a step below and what it is told."""

    exports: tuple[Export, ...]
    steps: tuple[tuple[Any, ...], ...]


@dataclass
class World:
    """The site that a history is played on, and which troubles it came to see."""

    settings: Settings
    folder: Path
    held: set[str] = field(default_factory=set)


VERSIONS = ("TLS1.2", "TLS1.3", "No Tls", "TLS1.0", "", "TLS")


def message(number: int, day: date, version: str) -> dict[str, str]:
    """A message of its own on `day`; the same number is the same message. Number 5 is near midnight in Stockholm."""
    hour = 23 if number == 5 else 8 + number
    return row(number, date_time_utc=f"{day}T{hour:02d}:05:00", tls_version=version)


def traces(draw: Random, number: int, source: str = "m365") -> Export:
    """An export of messages 0 to 5, so that two exports easily overlap; those of `bare` have no identities."""
    rows = [message(n, DAYS[n % 2], draw.choice(VERSIONS)) for n in draw.sample(range(6), draw.randint(1, 4))]
    name = "connector-2026-11-16" if source == "m365" else source
    return Export(source, f"{name}-{number}.csv", export(rows, HEADER if source == "m365" else NO_IDENTITY), number)


def totals(draw: Random, number: int) -> Export:
    """An export that only counts: the newest for a day restates it. When it was made stands in its name."""
    told = {"direction": "Sent", "connector": "Smart host", "sender_address": ""}
    rows = [
        told | {"date": f"{day} 12:00", "tls_version": draw.choice(VERSIONS), "count": str(draw.randint(1, 9))}
        for day in draw.sample(DAYS, draw.randint(1, 2))
    ]
    return Export("totals", f"totals-202611{18 + number:02d}T{number:02d}0000Z.csv", export(rows, TOTALS), number)


def log(messages: int, number: int) -> Export:
    """A log of so many messages sent, the later ones on the second day: a longer one begins with a shorter."""
    text = ""
    for n in range(messages):
        stamp, queue = f"{DAYS[n // 2 % 2]}T20:0{n}:00.000000+00:00", f"A{n}B2C3D4E5"
        text += handshake(stamp=stamp) + active(queue, stamp=stamp) + sending(queue, stamp=stamp)
        text += line(f"{queue}: removed", "postfix/qmgr[12]", stamp)
    return Export("mx", f"mail-{messages}.log", text.encode(), number)


def exports(draw: Random, kinds: set[str]) -> list[Export]:
    """The exports of a history: one of messages, and what its kinds of trouble need; an overlap repeats rows."""
    made = [traces(draw, 0), *([traces(draw, 1)] if "replacement" in kinds else [])]
    if "overlap" in kinds:
        both = made[0].content + b"".join(traces(draw, 2).content.splitlines(keepends=True)[1:])
        made.append(Export("m365", "connector-2026-11-17-2.csv", draw.choice([both, made[0].content]), 2))
    if "restatement" in kinds:
        one = draw.choice([totals, lambda draw, n: traces(draw, n, "bare")])
        made += [one(draw, 3), one(draw, 4)]
    if "growing log" in kinds:
        made += [log(draw.randint(1, 3), 5), log(4, 6)]
    return made


def history(draw: Random) -> History:
    """Exports that arrive in any order, runs after some of them, and some kinds of trouble.

    Hypothesis draws the seed of `draw` alone: left to vary single choices it would try one history many times over.
    """
    kinds = {*draw.sample(KINDS, draw.randint(1, 3)), *(kind for kind in RARER if not draw.randrange(4))}
    made = exports(draw, kinds)
    steps: list[tuple[Any, ...]] = []
    for index in draw.sample(range(len(made)), len(made)):
        steps.append(("arrive", index))
        if not draw.randrange(4):
            which = draw.choice(["whole", "source", "date", "file"])
            then = draw.choice(["publish", "land", "parallel", "one day", "full disk", "rebuild"])
            steps.append(("run", index, which, then, draw.randint(1, 120)))
    first = steps[0]
    if "kill" in kinds:
        steps.insert(draw.randint(1, len(steps)), ("kill", draw.randint(1, 100)))
    if "retraction" in kinds:
        steps.insert(draw.randint(1, len(steps)), ("retract", draw.randrange(len(made))))
    if "replacement" in kinds:
        steps.append(("replace", *draw.sample((0, 1), 2)))
    if "sealed day" in kinds:
        steps.insert(draw.randint(len(steps) // 2, len(steps)), ("seal", draw.choice(DAYS)))
    if "note taken back" in kinds:
        steps += [] if {"retraction", "replacement", "sealed day"} & kinds else [("retract", first[1])]
        steps.append(("revoke",))
    if "late row" in kinds:
        day = draw.choice(DAYS)
        late = export([message(7, day, "TLS1.2"), message(draw.randint(0, 5), day, "TLS1.3")])
        made.append(Export("m365", f"connector-{day}-late.csv", late, 9))
        steps += [("run", first[1], "whole", "publish", 0), ("arrive", len(made) - 1)]
    return History(tuple(made), tuple(steps))


def play(world: World, drawn: History) -> None:
    """Does what the history says; a step that fails as our own errors do leaves the rest to the next."""
    for step in drawn.steps:
        with suppress(TransitLedgerError):
            STEPS[step[0]](world, drawn.exports, *step[1:])
    names = {path.name for path in world.settings.sources[0].location.iterdir()}
    arrived = [made for made in drawn.exports if made.name in names]
    world.held |= {"overlap"} if any(made.name.endswith("-2.csv") for made in arrived) else set()
    world.held |= {"restatement"} if any(made.source in ("totals", "bare") for made in arrived) else set()
    world.held |= {"growing log"} if any(made.source == "mx" for made in arrived) else set()


def _arrive(world: World, made: tuple[Export, ...], index: int) -> None:
    path = world.settings.sources[0].location / made[index].name
    path.write_bytes(made[index].content)
    os.utime(path, (EXPORTED + made[index].made,) * 2)
    if "late" in path.name and facts.partitions(world.settings):
        world.held.add("late row")


def _run(world: World, made: tuple[Export, ...], index: int, which: str, then: str, number: int) -> None:
    named: dict[str, dict[str, Any]] = {
        "whole": {},
        "source": {"source": made[index].source},
        "date": {"data_date": DAYS[0]},
        "file": {
            "source": made[index].source,
            "files": [world.settings.sources[0].location / made[index].name],
        },
    }
    if then == "full disk":
        with full_disk(number):
            landing.collect(world.settings, **named[which])
            bring_up(world.settings)
    landing.collect(world.settings, **named[which])
    if then == "publish":
        bring_up(world.settings)
    elif then == "parallel":
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(bring_up, [world.settings] * 2))
    elif then == "one day":
        for day in facts.dirty_days(world.settings)[:1]:
            facts.rebuild_day(world.settings, day)
    elif then == "rebuild":
        warehouse.rebuild(world.settings)


def _kill(world: World, _made: tuple[Export, ...], at: int) -> None:
    def run() -> None:
        landing.collect(world.settings)
        bring_up(world.settings)

    if killed(run, at, world.folder / "tmp"):
        world.held.add("kill")


def _landed(world: World, made: tuple[Export, ...], index: int) -> dict[str, str]:
    path = world.settings.sources[0].location / made[index].name
    (item,) = landing.collect(world.settings, source=made[index].source, files=[path]).files
    return {"source": item.source, "sha256": str(item.sha256)} if item.sha256 else {}


def _retract(world: World, made: tuple[Export, ...], index: int) -> None:
    if about := _landed(world, made, index):
        evidence.add_note(world.settings, "retract", who="t", why="t", **about)
        world.held.add("retraction")


def _replace(world: World, made: tuple[Export, ...], old: int, new: int) -> None:
    about, other = _landed(world, made, old), _landed(world, made, new)
    if about != other:
        evidence.add_note(world.settings, "replace", who="t", why="t", **about, other=other["sha256"])
        world.held.add("replacement")


def _seal(world: World, _made: tuple[Export, ...], day: date) -> None:
    landing.collect(world.settings)
    bring_up(world.settings)
    day = day if day in facts.partitions(world.settings) else min(facts.partitions(world.settings), default=day)
    retention.seal(world.settings, day, who="t", why="t")
    world.held.add("sealed day")


def _revoke(world: World, _made: tuple[Export, ...]) -> None:
    for note in [note for note in evidence.notes(world.settings) if note.kind in HUMAN][-1:]:
        retention.revoke(world.settings, note.number, who="t", why="t")
        world.held.add("note taken back")


STEPS: dict[str, Callable[..., None]] = {
    "arrive": _arrive,
    "run": _run,
    "kill": _kill,
    "retract": _retract,
    "replace": _replace,
    "seal": _seal,
    "revoke": _revoke,
}


def finish(settings: Settings) -> None:
    """One more run, a day and more later: it has to do whatever the others left."""
    for path in settings.storage.root.rglob(f"{disk.TEMPORARY}*"):
        os.utime(path, (EXPORTED, EXPORTED))
    landing.collect(settings)
    bring_up(settings)


def clean_from(lived: Settings, folder: Path) -> Settings:
    """A site where the same exports landed in the order of their hashes, with the same notes and sealed facts, and one
    rebuild made all the rest."""
    clean = made_site(folder)
    lived_root, root = lived.storage.root, clean.storage.root
    if (lived_root / "notes").is_dir():
        shutil.copytree(lived_root / "notes", root / "notes")
    for source in lived.sources:
        for item in evidence.landed(lived, source.name).values():
            path = clean.sources[0].location / item.receipt.name
            shutil.copyfile(item.path, path)
            os.utime(path, (item.receipt.export_at.timestamp(),) * 2)
            landing.collect(clean, source=source.name, files=[path])
    for day in facts.sealed_days(lived):
        for path in (lived_root / "facts").glob(f"{day}*"):
            target = root / "facts" / path.name
            target.parent.mkdir(exist_ok=True)
            shutil.copytree(path, target) if path.is_dir() else shutil.copy(path, target)
    warehouse.rebuild(clean)
    return clean


def made_site(folder: Path) -> Settings:
    """A site with all four sources; one thread, since its days hold a handful of rows."""
    return site(folder, sources=SOURCES, limits={"threads": 1})


def told(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the published warehouse, but for what is of the moment: when and how often a file came, its key."""
    query = "select columns(lambda name: name not in ('landed_at', 'receipts', 'reader_key')) from {} order by all"
    with warehouse.connect(settings.storage.warehouse_path) as con:
        tables = con.execute("select table_name from duckdb_tables() where table_name <> 'origin'").fetchall()
        return {name: con.execute(query.format(name)).fetchall() for (name,) in tables}


def holds(drawn: History) -> set[str]:
    """Plays the history, finishes it with one more run, and holds it against a clean rebuild; what troubles it held."""
    with tempfile.TemporaryDirectory() as name:
        world = World(made_site(Path(name) / "lived"), Path(name))
        (world.folder / "tmp").mkdir()
        play(world, drawn)
        finish(world.settings)
        clean = clean_from(world.settings, world.folder / "clean")
        assert warehouse.digest(world.settings) == warehouse.digest(clean)
        assert told(world.settings) == told(clean)
        assert facts.dirty_days(world.settings) == []
        assert list(leftovers(world)) == []
    return world.held


def leftovers(world: World) -> Iterator[Path]:
    """Temporary files that nothing would ever remove."""
    yield from world.settings.storage.root.rglob(f"{disk.TEMPORARY}*")
    yield from (world.folder / "tmp").iterdir()


def hold_for(count: int, number: int, record: Callable[[str, object], None]) -> None:
    """Draws and plays `count` histories from the seed `number`; tells how many held each kind of trouble.

    Fails if one kind was in less than a fifth of them: it would not have been tried in earnest.
    """
    held: Counter[str] = Counter()
    different: set[History] = set()

    @seed(number)
    @examples(CHECKED, max_examples=count)
    @given(st.randoms(use_true_random=True))
    def played(draw: Random) -> None:
        drawn = history(draw)
        different.add(drawn)
        held.update(holds(drawn))

    played()
    line = ", ".join(f"{kind} {held[kind]}" for kind in (*KINDS, *RARER))
    record("held", f"{len(different)} histories; with {line}")
    assert len(different) >= count
    assert all(held[kind] * 5 >= len(different) for kind in KINDS), line


@pytest.mark.timeout(1800)
def test_facts_are_a_function_of_the_evidence(record_property: Callable[[str, object], None]) -> None:
    hold_for(24, 1, record_property)


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("number", range(10, 20))
def test_a_thousand_histories(number: int, record_property: Callable[[str, object], None]) -> None:
    hold_for(100, number, record_property)
