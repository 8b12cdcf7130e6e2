"""A report model of a week like the samples', made without a database: for tests of the renderings, of any size.

Every total in it is the sum of its parts, so a rendering can be checked against it cell by cell.
`report_model()` is the usual week; `report_model(connectors=200)` adds made-up connectors; `quiet_model()` and
`no_data_model()` are the two weeks without mail.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from etl.common import periods
from etl.common.standards import STANDARDS
from etl.common.words import DEPRECATED, PROTECTED, Direction
from etl.model.quality import (
    Completeness,
    DataQuality,
    Gap,
    InputFile,
    MissingVolume,
    RejectReason,
    SourceCompleteness,
    UnknownWord,
)
from etl.model.report import (
    Acknowledgement,
    ActionName,
    Band,
    Change,
    CipherLine,
    ConnectorSection,
    Correction,
    DayShare,
    EditionInfo,
    Figure,
    FlowRow,
    Insight,
    PartnerLine,
    PeriodInfo,
    ProfileResult,
    Provenance,
    ReportModel,
    ResolvedInsight,
    Safeguard,
    Share,
    TrendPoint,
    WouldBreak,
)

ZONE = "Europe/Stockholm"
RUNGS = ("encrypted", "encrypted_in", "encrypted_out", "up_to_date", "up_to_date_in", "up_to_date_out")
NO_TLS = "No TLS"
RHYTHM = (1.0, 1.05, 1.08, 1.0, 0.9, 0.16, 0.12)
CIPHER = {
    "TLS 1.3": "TLS_AES_256_GCM_SHA384",
    "TLS 1.2": "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS 1.1": "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS 1.0": "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS unknown": "Unknown",
}


@dataclass(frozen=True)
class Line:
    """A connector as the fixture imagines it: messages of a weekday, and shares per version."""

    direction: Direction
    connector: str
    kind: str | None
    forced: bool | None
    volume: int
    shares: dict[str, float]
    partners: tuple[str, ...]
    contact: str | None = None


LINES = (
    Line(
        "inbound", "Litware scanners", "OnPremises", False, 640,
        {NO_TLS: 0.31, "TLS 1.0": 0.03, "TLS 1.2": 0.49, "TLS 1.3": 0.17},
        ("litware.example",), "print-services@contoso.example",
    ),
    Line(
        "inbound", "Fabrikam partner", "Partner", False, 890,
        {NO_TLS: 0.01, "TLS 1.0": 0.55, "TLS 1.1": 0.02, "TLS 1.2": 0.40, "TLS 1.3": 0.02},
        ("fabrikam.example", "mail.fabrikam.example"), "postmaster@fabrikam.example",
    ),
    Line(
        "outbound", "Smart host Oslo", "OnPremises", None, 780,
        {NO_TLS: 0.17, "TLS 1.2": 0.55, "TLS 1.3": 0.18, "Unknown": 0.10},
        ("northwind.example", "adatum.example"),
    ),
    Line(
        "outbound", "To Northwind", "Partner", True, 1500,
        {NO_TLS: 0.004, "TLS 1.2": 0.03, "TLS 1.3": 0.966}, ("northwind.example",), "mail@northwind.example",
    ),
    Line(
        "inbound", "On-premises Stockholm", "OnPremises", True, 6600,
        {"TLS 1.2": 0.24, "TLS 1.3": 0.76}, ("contoso.example",),
    ),
    Line(
        "inbound", "No connector", None, None, 14000,
        {NO_TLS: 0.025, "TLS 1.0": 0.007, "TLS 1.1": 0.002, "TLS 1.2": 0.38, "TLS 1.3": 0.581, "TLS unknown": 0.005},
        ("tailspin.example", "wingtip.example", "proseware.example", "<>", "xn--rksmrgs-5wao1o.example"),
    ),
    Line(
        "outbound", "No connector", None, None, 10800,
        {NO_TLS: 0.023, "TLS 1.0": 0.004, "TLS 1.1": 0.001, "TLS 1.2": 0.33, "TLS 1.3": 0.642},
        ("tailspin.example", "wingtip.example", "proseware.example", "Unknown"),
    ),
)  # fmt: skip


def more_lines(count: int) -> tuple[Line, ...]:
    """`count` made-up connectors more, with awkward names among the first."""
    odd = ("<script>alert(1)</script>", "=cmd()|' /C calc'!A0", 'Å,"ö', "x" * 300, "\u05de\u05d7\u05d1\u05e8 1")
    made = []
    for n in range(count):
        direction: Direction = "inbound" if n % 2 == 0 else "outbound"
        name = odd[n] if n < len(odd) else f"Branch office {n:04d}"
        shares = {NO_TLS: 0.02 * (n % 5), "TLS 1.2": 0.3, "TLS 1.3": 0.7 - 0.02 * (n % 5)}
        made.append(Line(direction, name, "OnPremises", n % 3 == 0, 40 + n % 90, shares, (f"partner{n:04d}.example",)))
    return tuple(made)


Facts = Counter[tuple[date, Direction, str, str, str]]


def make_facts(lines: tuple[Line, ...], first: date, last: date, seed: int) -> Facts:
    """Messages per data date, direction, connector, partner domain and TLS version."""
    rng = random.Random(seed)  # noqa: S311  invented numbers, nothing secret
    facts: Facts = Counter()
    for day in periods.days_between(first, last):
        for line in lines:
            volume = round(line.volume * RHYTHM[day.weekday()] * rng.uniform(0.93, 1.07))
            left = volume
            for version, share in line.shares.items():
                for position, partner in enumerate(line.partners):
                    n = round(volume * share * (0.8 if position == 0 else 0.2 / max(len(line.partners) - 1, 1)))
                    n = min(n, left)
                    left -= n
                    if n:
                        facts[day, line.direction, line.connector, partner, version] += n
    return facts


def versions_of(facts: Facts, **wanted: Any) -> dict[str, int]:
    """Messages per TLS version of the facts that agree with `wanted` (direction, connector, partner, day)."""
    sums: Counter[str] = Counter()
    for (day, direction, connector, partner, version), n in facts.items():
        here = {"day": day, "direction": direction, "connector": connector, "partner": partner}
        if all(here[key] == value for key, value in wanted.items()):
            sums[version] += n
    return dict(sorted(sums.items()))


def share_of(versions: dict[str, int], class_: tuple[str, ...], undecided: tuple[str, ...]) -> Share:
    """n of N with u apart, as design section 8 has it."""
    u = sum(versions.get(v, 0) for v in undecided)
    return Share(n=sum(versions.get(v, 0) for v in class_), total=sum(versions.values()) - u, undecided=u)


def encrypted(versions: dict[str, int]) -> Share:
    """Any TLS, of all messages for which it is known."""
    return share_of(versions, PROTECTED, ("Unknown",))


def up_to_date(versions: dict[str, int]) -> Share:
    """TLS 1.2 and 1.3, of all messages whose version is known."""
    return share_of(versions, STANDARDS["rfc9325"].versions, ("TLS unknown", "Unknown"))


def between(facts: Facts, first: date, last: date) -> Facts:
    """The facts of some days."""
    return Counter({key: n for key, n in facts.items() if first <= key[0] <= last})


def period_info(period: periods.Period) -> PeriodInfo:
    """The model's words for a period."""
    return PeriodInfo(
        id=str(period), kind="week", first_date=period.first_date, last_date=period.last_date, time_zone=ZONE,
        starts_at=period.starts_at(ZONE), ends_at=period.ends_at(ZONE), hours=period.hours(ZONE),
        before_id=str(period.before),
    )  # fmt: skip


def _insights(lines: tuple[Line, ...], now: Facts, before: Facts, period: periods.Period) -> list[Insight]:
    found = []
    for line in lines[:4]:
        versions = versions_of(now, direction=line.direction, connector=line.connector)
        earlier = versions_of(before, direction=line.direction, connector=line.connector)
        old_tls = line.connector == "Fabrikam partner"
        class_ = ("TLS 1.0",) if old_tls else (NO_TLS,)
        unsure = ("TLS unknown", "Unknown") if old_tls else ("Unknown",)
        share, share_before = share_of(versions, class_, unsure), share_of(earlier, class_, unsure)
        days = tuple(
            DayShare(
                data_date=day,
                share=share_of(
                    versions_of(now, direction=line.direction, connector=line.connector, day=day), class_, unsure
                ),
            )
            for day in period.days
        )
        forced = line.connector == "To Northwind"
        found.append(
            Insight(
                rule="forced-tls-contradicted" if forced else "tls-1-0-above-50" if old_tls else "no-tls-above-25",
                rule_version=1,
                severity="critical" if forced else "warning",
                verdict="undecided" if line.connector == "Smart host Oslo" else "speaks",
                needs_action=line.connector not in ("Smart host Oslo", "Litware scanners"),
                direction=line.direction,
                connector=line.connector,
                title={"en": "Mail went without TLS although it is forced", "sv": "E-post gick utan TLS trots tvång"}
                if forced
                else {"en": "TLS 1.0 is above 50%", "sv": "TLS 1.0 är över 50 %"}
                if old_tls
                else {"en": "No TLS is above 25%", "sv": "Utan TLS är över 25 %"},
                advice={
                    "en": f"Investigate the servers behind the connector, or reach the partner: {line.contact or '–'}.",
                    "sv": f"Undersök servrarna bakom anslutningen, eller nå partnern: {line.contact or '–'}.",
                },
                references=("RFC 8996",) if old_tls else ("RFC 3207",),
                measure=class_[0],
                comparator=">",
                threshold=0.0 if forced else 0.5 if old_tls else 0.25,
                numerator=share.n,
                denominator=share.total,
                undecided=share.undecided,
                share=share.value,
                lower=share.lower,
                upper=share.upper,
                provisional=line.connector == "Smart host Oslo",
                missing=(),
                days=days,
                share_before=share_before.value,
                numerator_before=share_before.n,
                denominator_before=share_before.total,
                first_seen=str(period.before.before) if not old_tls else str(period),
                periods_in_a_row=1 if old_tls else 3,
                contact=line.contact,
                acknowledged=Acknowledgement(
                    by="Mail team", until=period.last_date, why="Scanners are replaced in spring"
                )
                if line.connector == "Litware scanners"
                else None,
            )
        )
    return sorted(found, key=lambda i: (i.verdict != "speaks", i.severity != "critical", -(i.numerator or 0)))


def _partner_lines(facts: Facts, connector: str | None = None, direction: Direction | None = None) -> list[PartnerLine]:
    sums: dict[tuple[Direction, str], Counter[str]] = defaultdict(Counter)
    days: dict[tuple[Direction, str], list[date]] = defaultdict(list)
    for (day, way, name, partner, version), n in facts.items():
        if (connector is None or name == connector) and (direction is None or way == direction):
            sums[way, partner][version] += n
            if version == NO_TLS or version in DEPRECATED:
                days[way, partner].append(day)
    lines = [
        PartnerLine(
            direction=way, partner_domain=partner, connector=connector, versions=dict(sorted(versions.items())),
            messages=sum(versions.values()), first_seen_date=min(days[way, partner]),
            last_seen_date=max(days[way, partner]),
        )
        for (way, partner), versions in sums.items()
        if days[way, partner]
    ]  # fmt: skip
    return sorted(lines, key=lambda p: (-sum(p.versions.get(v, 0) for v in (NO_TLS, *DEPRECATED)), p.partner_domain))


def by_connector(facts: Facts) -> dict[tuple[str, str], Facts]:
    """The facts of each direction and connector apart."""
    apart: dict[tuple[str, str], Facts] = defaultdict(Counter)
    for key, n in facts.items():
        apart[key[1], key[2]][key] += n
    return apart


def _section(line: Line, now: Facts, before: Facts, insights: list[Insight]) -> ConnectorSection:
    where = {"direction": line.direction, "connector": line.connector}
    versions, earlier = versions_of(now, **where), versions_of(before, **where)
    below = _partner_lines(now, line.connector, line.direction)
    plain = [p for p in below if p.versions.get(NO_TLS)]
    old = sum(versions.get(v, 0) for v in (NO_TLS, *DEPRECATED))
    unknown = versions.get("Unknown", 0) + versions.get("TLS unknown", 0)
    positions = tuple(
        n for n, i in enumerate(insights) if (i.direction, i.connector) == (line.direction, line.connector)
    )
    return ConnectorSection(
        direction=line.direction, connector=line.connector, connector_type=line.kind, forced_tls=line.forced,
        contact=line.contact, versions=versions, messages=sum(versions.values()),
        messages_before=sum(earlier.values()), recipients=sum(versions.values()) + 17,
        bytes=sum(versions.values()) * 48211,
        is_estimated=False,
        encrypted=Figure(now=encrypted(versions), before=encrypted(earlier)),
        up_to_date=Figure(now=up_to_date(versions), before=up_to_date(earlier)),
        partners_below=tuple(below[:10]), partners_below_count=len(below), partners_count=len(line.partners),
        ciphers=tuple(
            CipherLine(tls_version=v, tls_cipher=CIPHER[v], messages=n) for v, n in versions.items() if v in CIPHER
        ),
        would_break=WouldBreak(
            plaintext_messages=versions.get(NO_TLS, 0), plaintext_partners=len(plain),
            below_modern_messages=old - versions.get(NO_TLS, 0),
            below_modern_partners=sum(any(p.versions.get(v) for v in DEPRECATED) for p in below),
            kept_messages=versions.get("TLS 1.2", 0) + versions.get("TLS 1.3", 0), unknown_messages=unknown,
        ),
        insights=positions, needs_action=bool(positions),
    )  # fmt: skip


def _flow(lines: tuple[Line, ...], facts: Facts) -> tuple[FlowRow, ...]:
    sums: dict[tuple[date, Direction, str], Counter[str]] = defaultdict(Counter)
    for (day, direction, connector, _, version), n in facts.items():
        sums[day, direction, connector][version] += n
    known = {(line.direction, line.connector): line for line in lines}
    return tuple(
        FlowRow(
            data_date=day, direction=direction, connector=connector,
            connector_type=known[direction, connector].kind, forced_tls=known[direction, connector].forced,
            versions=dict(sorted(versions.items())), messages=sum(versions.values()),
            recipients=sum(versions.values()), bytes=sum(versions.values()) * 48211, is_estimated=False,
        )
        for (day, direction, connector), versions in sorted(sums.items())
    )  # fmt: skip


def _bands(facts: Facts, period: periods.Period) -> tuple[Band, ...]:
    bands = []
    for day in period.days:
        for direction in ("inbound", "outbound"):
            past = [
                sum(versions_of(facts, day=day - timedelta(days=7 * k), direction=direction).values())
                for k in range(1, 4)
            ]
            bands.append(
                Band(data_date=day, direction=direction, connector=None, low=min(past), high=max(past), weeks=3)
            )
    return tuple(bands)


def _trend(lines: tuple[Line, ...], facts: Facts, period: periods.Period) -> tuple[TrendPoint, ...]:
    points = []
    week = period.before.before.before
    while week <= period:
        part = between(facts, week.first_date, week.last_date)
        for direction in ("inbound", "outbound"):
            for connector in [None, *[line.connector for line in lines[:7] if line.direction == direction]]:
                where = {"direction": direction} | ({"connector": connector} if connector else {})
                points.append(
                    TrendPoint(
                        period=str(week), first_date=week.first_date, direction=direction, connector=connector,
                        versions=versions_of(part, **where),
                    )
                )  # fmt: skip
        week = week.after
    return tuple(points)


def _completeness(records: int, missing: tuple[str, ...]) -> Completeness:
    days = tuple(date.fromisoformat(name[:10]) for name in missing)
    gaps = tuple(Gap(data_date=day, source="m365", kind="absent") for day in days)
    source = SourceCompleteness(
        source="m365", role="count", expected_days=7, received_days=7 - len(missing), missing_dates=days,
        files=8, records=records + 151, used=records + 127, rejected=12, skipped=12, duplicates=127,
        duplicate_files=1, quarantined_files=1, suspected_cut=("connector-2026-11-19.csv.gz",), late_rows=0,
    )  # fmt: skip
    return Completeness(
        complete=not missing, sources=(source,), expected_days=7, received_days=7 - len(missing),
        records=source.records, used=source.used, rejected=source.rejected, skipped=source.skipped,
        duplicates=source.duplicates, missing=missing, suspected_cut=source.suspected_cut,
        twins=("connector-2026-11-17-broken.csv",), gaps=gaps, state="settled", settled_date=date(2026, 11, 24),
    )  # fmt: skip


def _safeguards(versions: dict[str, int]) -> Iterator[Safeguard]:
    """Forward secrecy is told of what has a suite, the certificate of nothing."""
    lacked, unsure = versions[NO_TLS], versions.get("Unknown", 0) + versions.get("TLS unknown", 0)
    told = sum(versions.values()) - lacked - unsure
    for way in ("inbound", "outbound"):
        had = Share(n=told, total=told + lacked, undecided=unsure)
        yield Safeguard(name="forward_secrecy", direction=way, share=had)
        yield Safeguard(name="peer_verified", direction=way, share=Share(n=0, total=lacked, undecided=told + unsure))


def _quality() -> DataQuality:
    files = tuple(
        InputFile(
            source="m365", name=f"connector-2026-11-{day}.csv.gz", sha256=f"{day:064x}", size=81234 + day,
            records=35400 + day, used=35390 + day, rejected=6 if day == 18 else 0, skipped=10 if day == 18 else 4,
            state="counted", reason=None,
        )
        for day in range(16, 23)
    )  # fmt: skip
    rejects = (
        RejectReason(
            source="m365", reason="not a date", records=6,
            examples=("connector-2026-11-18.csv.gz, record 118", "connector-2026-11-18.csv.gz, record 2019"),
        ),
    )  # fmt: skip
    words = (UnknownWord(source="m365", field="tls_version", word="TLS9.9", messages=4),)
    return DataQuality(files=files, rejects=rejects, skips={"not-transferred": 34}, unknown_words=words)


def _correction(versions: dict[str, int]) -> Correction:
    """One file came; of the actions one is withdrawn, one is new."""
    names = {"en": "No TLS is above 25%", "sv": "Utan TLS är över 25 %"}
    place: dict[str, Any] = {"rule": "no-tls-above-25", "direction": "inbound", "title": names}
    now = up_to_date(versions)
    return Correction(
        made_at=datetime(2026, 11, 23, 4, 0, tzinfo=UTC), files=("connector-2026-11-17.csv.gz",),
        up_to_date=Share(n=now.n - 1000, total=now.total - 1100), standing=2,
        withdrawn=(ActionName(**place, connector="Branch office"),),
        added=(ActionName(**place, connector="Litware scanners"),),
    )  # fmt: skip


def report_model(
    language: str = "en", *, connectors: int = 0, days: int = 30, seed: int = 47, number: int = 1,
    missing: tuple[str, ...] = (),
) -> ReportModel:  # fmt: skip
    """A whole model of 2026-W47; `connectors` adds made-up ones, `number=2` makes it a correction with changes."""
    period = periods.parse_period("2026-W47")
    lines = LINES + more_lines(connectors)
    facts = make_facts(lines, period.last_date - timedelta(days=max(days, 28) - 1), period.last_date, seed)
    now = between(facts, period.first_date, period.last_date)
    before = between(facts, period.before.first_date, period.before.last_date)
    versions, earlier = versions_of(now), versions_of(before)
    both = {
        way: (versions_of(now, direction=way), versions_of(before, direction=way)) for way in ("inbound", "outbound")
    }
    insights = _insights(lines, now, before, period)
    own, own_before = by_connector(now), by_connector(before)
    places = [(line, (line.direction, line.connector)) for line in lines]
    sections = [_section(line, own[place], own_before[place], insights) for line, place in places]
    sections.sort(key=lambda s: (not s.needs_action, -s.messages))
    changed = {"direction": "inbound", "connector": "Fabrikam partner", "tls_version": "TLS 1.0"}
    changes = (Change.model_validate(changed | {"messages_before": 2811, "messages": 2911}),)
    return ReportModel(
        organisation="Contoso AB", language=language, page="A4", period=period_info(period),
        edition=EditionInfo(
            number=number, origin="scheduled" if number == 1 else "correction",
            made_at=datetime(2026, 11, 23, 5, 0, tzinfo=UTC), ledger_head="9f2c41ab77e05d13" * 4,
            supersedes="ab" * 32 if number > 1 else None, supersedes_number=number - 1 if number > 1 else None,
            reasons=("facts", "completeness") if number > 1 else (), changes=changes if number > 1 else (),
            next_due_at=datetime(2026, 11, 30, 5, 0, tzinfo=UTC),
        ),
        provisional=bool(missing), state="mail", messages=sum(versions.values()), messages_before=sum(earlier.values()),
        standard=STANDARDS["rfc9325"],
        encrypted=Figure(now=encrypted(versions), before=encrypted(earlier)),
        encrypted_in=Figure(now=encrypted(both["inbound"][0]), before=encrypted(both["inbound"][1])),
        encrypted_out=Figure(now=encrypted(both["outbound"][0]), before=encrypted(both["outbound"][1])),
        up_to_date=Figure(now=up_to_date(versions), before=up_to_date(earlier)),
        up_to_date_in=Figure(now=up_to_date(both["inbound"][0]), before=up_to_date(both["inbound"][1])),
        up_to_date_out=Figure(now=up_to_date(both["outbound"][0]), before=up_to_date(both["outbound"][1])),
        deprecated=Figure(
            now=share_of(versions, DEPRECATED, ("TLS unknown", "Unknown")),
            before=share_of(earlier, DEPRECATED, ("TLS unknown", "Unknown")),
        ),
        unknown=Figure(now=share_of(versions, ("Unknown",), ()), before=share_of(earlier, ("Unknown",), ())),
        insights=tuple(insights),
        resolved=(
            ResolvedInsight(
                rule="no-tls-above-25", direction="outbound", connector="Smart host Malmö",
                title={"en": "No TLS is above 25%", "sv": "Utan TLS är över 25 %"}, first_seen="2026-W43", periods=4,
            ),
        ),
        completeness=_completeness(sum(versions.values()), missing),
        missing=MissingVolume(messages=31_234, weeks=3) if missing else None, begin_date=date(2026, 10, 26),
        flow=_flow(lines, between(facts, period.last_date - timedelta(days=days - 1), period.last_date)),
        bands=_bands(facts, period), trend=_trend(lines, facts, period), connectors=tuple(sections),
        partners=tuple(_partner_lines(now)),
        profiles=(
            ProfileResult(
                profile="rfc9325", title="RFC 9325 (BCP 195)", reference="RFC 9325, section 3.1.1", second_hand=False,
                met=versions["TLS 1.3"], not_met=sum(versions.get(v, 0) for v in DEPRECATED),
                not_judged=sum(versions.values()) - versions["TLS 1.3"] - sum(versions.get(v, 0) for v in DEPRECATED),
                verdicts={"current": versions["TLS 1.3"]},
            ),
        ),
        safeguards=tuple(_safeguards(versions)),
        quality=_quality(),
        provenance=Provenance(
            digest="d1" * 32, policy_id="transit-ledger-default", policy_version=1, policy_sha256="b0" * 32,
            settings_sha256="5e" * 32, readers_version="1", versions={"transit-ledger": "0.1.0", "duckdb": "2.0.0"},
        ),
        mentions=("2026-W40, edition 2",),
        correction=_correction(versions) if number > 1 else None, connectors_in_all=len(sections),
    )  # fmt: skip


def _without_mail(model: ReportModel, state: str, completeness: Completeness) -> ReportModel:
    nothing = Figure(now=Share(n=0, total=0), before=model.encrypted.now)
    return model.model_copy(
        update={
            "state": state, "messages": 0, **dict.fromkeys(RUNGS, nothing), "deprecated": nothing,
            "unknown": nothing, "insights": (), "resolved": (), "connectors": (),
            "partners": (), "profiles": (), "completeness": completeness, "provisional": not completeness.complete,
            "flow": tuple(row for row in model.flow if row.data_date < model.period.first_date),
        }
    )  # fmt: skip


def quiet_model(language: str = "en") -> ReportModel:
    """A week for which all exports came and no mail was in them."""
    return _without_mail(report_model(language), "quiet", _completeness(0, ()))


def no_data_model(language: str = "en") -> ReportModel:
    """A week for which nothing came."""
    days = periods.parse_period("2026-W47").days
    missing = tuple(f"{day} (m365)" for day in days)
    gaps = tuple(Gap(data_date=day, source="m365", kind="absent") for day in days)
    lost = SourceCompleteness(
        source="m365", role="count", expected_days=7, received_days=0, missing_dates=tuple(days), files=0, records=0,
        used=0, rejected=0, skipped=0, duplicates=0, duplicate_files=0, quarantined_files=0,
    )  # fmt: skip
    nothing = Completeness(
        complete=False, sources=(lost,), expected_days=7, received_days=0, records=0, used=0, rejected=0, skipped=0,
        duplicates=0, missing=missing, gaps=gaps, state="open",
    )  # fmt: skip
    return _without_mail(report_model(language), "no_data", nothing)
