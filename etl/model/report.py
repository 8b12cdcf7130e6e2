"""The report's one typed model: every rendering reads it, and a number shown in two places comes from one field.

Counts are `messages` (transfers, see the definitions) unless the name says otherwise; instants are UTC; days are data
dates in `period.time_zone`; shares are kept as integers (`Share`) and turned into text only by the renderers.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal, get_args

from pydantic import Field

from etl.common.standards import Standard
from etl.common.words import Direction
from etl.model.part import Part
from etl.model.quality import Completeness, DataQuality, MissingVolume

SafeguardName = Literal["forward_secrecy", "aead", "post_quantum", "peer_trusted", "peer_verified"]
SAFEGUARDS: tuple[SafeguardName, ...] = get_args(SafeguardName)

NO_CONNECTOR = "No connector"


class Share(Part):
    """n of N, with the u undecided messages apart (design, section 8): N excludes the undecided."""

    n: int
    total: int
    undecided: int = 0

    @property
    def value(self) -> float | None:
        """n/N, 0 to 1; nothing where N is nothing."""
        return self.n / self.total if self.total else None

    @property
    def lower(self) -> float | None:
        """The least it can be: n/(N+u)."""
        whole = self.total + self.undecided
        return self.n / whole if whole else None

    @property
    def upper(self) -> float | None:
        """The most it can be: (n+u)/(N+u)."""
        whole = self.total + self.undecided
        return (self.n + self.undecided) / whole if whole else None


class PeriodInfo(Part):
    """What the report is about. `starts_at` and `ends_at` are half-open, UTC; `hours` is 167 or 169 in a DST week."""

    id: str
    kind: Literal["week", "month", "range"]
    first_date: date
    last_date: date
    time_zone: str
    starts_at: datetime
    ends_at: datetime
    hours: int
    before_id: str


class ActionName(Part):
    """An insight that needs action, by its rule and place."""

    rule: str
    direction: Direction | None
    connector: str | None
    title: dict[str, str]


class Correction(Part):
    """What a corrected edition says against the one it replaces: the files that came meanwhile, the headline's share
    as it was, and which actions stand, are withdrawn, are new."""

    made_at: datetime
    """When the edition before was made."""
    files: tuple[str, ...]
    up_to_date: Share
    standing: int
    withdrawn: tuple[ActionName, ...]
    added: tuple[ActionName, ...]


class Review(Part):
    """Who read the report on a period, and when, as the site records it."""

    period: str
    by: str
    on: date
    note: str = ""


class Change(Part):
    """One number that an edition restates: messages of a connector under a TLS version, as was and as is."""

    direction: Direction
    connector: str
    tls_version: str
    messages_before: int
    messages: int


class EditionInfo(Part):
    """Which edition this is. A preview, not archived, has number 0. `made_at` is the only instant in its renderings."""

    number: int
    origin: Literal["scheduled", "correction", "backfill", "manual", "preview"]
    made_at: datetime
    ledger_head: str | None
    """The ledger's head that this edition was built on; nothing for the first entry."""
    supersedes: str | None = None
    """The ledger hash of the edition it replaces."""
    supersedes_number: int | None = None
    reasons: tuple[str, ...] = ()
    """Why there is a new edition: any of `facts`, `completeness`, `policy`, `settings`, `readers`."""
    changes: tuple[Change, ...] = ()
    """What moved against the edition before, largest first."""
    next_due_at: datetime | None = None
    """When the next regular report is due, by the schedule."""


class Figure(Part):
    """A share now and in the period before; `before` is nothing where there was no mail or no data."""

    now: Share
    before: Share | None


class DayShare(Part):
    """A share of one day."""

    data_date: date
    share: Share


class PartnerLine(Part):
    """A partner domain with its messages by TLS version (only versions that occur)."""

    direction: Direction
    partner_domain: str
    connector: str | None
    """Nothing where the line sums over connectors."""
    versions: dict[str, int]
    messages: int
    organisational_domain: str = ""
    """The part of the domain that somebody registered (by the public suffix list): what partners may be grouped by."""
    first_seen_date: date | None = None
    """First data date with mail below TLS 1.2 (No TLS, SSL 3.0, TLS 1.0, TLS 1.1) in the data at hand."""
    last_seen_date: date | None = None


class Percent(Part):
    """`scaled / 10**digits` percent, already rounded."""

    scaled: int
    digits: int


class MissingDays(Part):
    """Exports that never came, each as `2026-11-18 (m365)`."""

    days: tuple[str, ...]


class PeriodName(Part):
    """A period by its id, such as `2026-W47`."""

    id: str


class Sentence(Part):
    """What a rule says in words: a text that every catalogue translates, and what is put into its `{names}`.

    Numbers, days and names stand in it as they are; each rendering writes them by its language.
    """

    text: str
    values: dict[str, int | date | Percent | MissingDays | PeriodName | Sentence | tuple[str, ...] | str] = Field(
        default_factory=dict
    )


class Acknowledgement(Part):
    """Who accepted an insight for a while, until when and why (from the policy file)."""

    by: str
    until: date
    why: str


class Insight(Part):
    """A rule of the policy that spoke or could not decide, with its evidence."""

    rule: str
    rule_version: int
    id: str = ""
    """Its name within the report: rule, direction, connector, or rule, source: `unknown-large/inbound/Litware`."""
    severity: Literal["critical", "warning", "notice", "info"]
    needs_action: bool = False
    """Whether somebody has to do something: it is critical or a warning, it spoke, on messages enough and on more than
    chance explains; nobody has accepted it, and no other insight explains it."""
    cause: str | None = None
    """The `id` of the insight that explains it: one cause, one action."""
    explains: tuple[str, ...] = ()
    """The `id`s of the insights that it explains."""
    counts_only: bool = False
    """Whether it rests on so few messages that it is told as counts (`4 of 7`), without a percentage."""
    source: str | None = None
    """The source that it is about, where it is about an export."""
    verdict: Literal["speaks", "undecided"]
    direction: Direction | None = None
    connector: str | None = None
    title: dict[str, str]
    """The rule's title per language, such as `No TLS is above 25%`."""
    advice: dict[str, str]
    """What to do, per language, contact included where the settings name one."""
    references: tuple[str, ...] = ()
    measure: str
    """The class of messages that `numerator` counts, such as `No TLS`."""
    comparator: str | None = None
    """`>` or `>=` or `<`: share or count against `threshold`."""
    threshold: float | None = None
    numerator: int | None = None
    denominator: int | None = None
    undecided: int = 0
    share: float | None = None
    share_digits: int = 1
    """Decimals that share, lower and upper need as percentages so that none of them contradicts the threshold."""
    lower: float | None = None
    upper: float | None = None
    provisional: bool = False
    missing: tuple[str, ...] = ()
    """Days (and sources) that never came and that no bound covers: `2026-11-18 (m365)`; those of earlier weeks too,
    where the rule rests on them."""
    cut: tuple[str, ...] = ()
    """Files suspected cut short; no bound covers what they left out."""
    days: tuple[DayShare, ...] = ()
    share_before: float | None = None
    """n/N in the period just before, of `numerator_before` and `denominator_before` messages."""
    numerator_before: int | None = None
    denominator_before: int | None = None
    first_seen: str | None = None
    """The period in which it first spoke, in this unbroken row of periods."""
    periods_in_a_row: int = 1
    """Periods in which nothing could be judged (no data, too little mail) are gaps: they neither count nor end it."""
    contact: str | None = None
    partner: str | None = None
    partners: tuple[PartnerLine, ...] = ()
    acknowledged: Acknowledgement | None = None
    detail: tuple[Sentence, ...] = ()
    """What rules whose evidence is no share have to say (what changed, since when, which file)."""


class ResolvedInsight(Part):
    """An insight of the period before that no longer speaks, with how long it stood."""

    rule: str
    direction: Direction | None
    connector: str | None
    title: dict[str, str]
    first_seen: str | None
    periods: int
    provisional: bool = False
    """Days are missing: that it no longer speaks is not certain."""


class FlowRow(Part):
    """Messages of one data date, direction and connector: the details table, and what the HTML filters."""

    data_date: date
    direction: Direction
    connector: str
    connector_type: str | None
    forced_tls: bool | None
    versions: dict[str, int]
    """Messages per TLS version; versions without mail are left out."""
    messages: int
    recipients: int | None
    bytes: int | None
    is_estimated: bool


class CipherLine(Part):
    """Messages under one TLS version and cipher."""

    tls_version: str
    tls_cipher: str
    messages: int


class WouldBreak(Part):
    """What refusing mail without TLS, and mail with TLS 1.1 and older, on a connector would have stopped in the period.

    The two never overlap: `below_modern_*` leaves out what came without TLS.
    """

    plaintext_messages: int
    plaintext_partners: int
    below_modern_messages: int
    below_modern_partners: int
    kept_messages: int
    unknown_messages: int


class SourceShare(Part):
    """What one of several sources says of a connector: its messages, and the share of them that was up to date."""

    source: str
    messages: int
    up_to_date: Share


class ConnectorSection(Part):
    """All the report says of one connector and direction in the period."""

    direction: Direction
    connector: str
    connector_type: str | None
    forced_tls: bool | None
    partner: str | None = None
    contact: str | None = None
    versions: dict[str, int]
    messages: int
    messages_before: int | None
    recipients: int | None
    bytes: int | None
    is_estimated: bool
    encrypted: Figure
    up_to_date: Figure
    sources: tuple[SourceShare, ...] = ()
    """Where several sources tell of it (servers whose connectors have the same name), each of them."""
    partners_below: tuple[PartnerLine, ...] = ()
    """Partners with mail without TLS or below TLS 1.2, most such messages first, capped for print."""
    partners_below_count: int = 0
    partners_count: int = 0
    ciphers: tuple[CipherLine, ...] = ()
    would_break: WouldBreak
    insights: tuple[int, ...] = ()
    """Positions in `ReportModel.insights`."""
    needs_action: bool = False


class Band(Part):
    """Where the same weekday lay before: the 10th to 90th percentile of up to eight weeks, messages a day."""

    data_date: date
    direction: Direction
    connector: str | None
    """Nothing for all mail flow."""
    low: float
    high: float
    weeks: int


class TrendPoint(Part):
    """Messages by TLS version in one earlier period (13 weeks, oldest first), by direction."""

    period: str
    first_date: date
    direction: Direction
    connector: str | None
    versions: dict[str, int]


class ProfileResult(Part):
    """One published profile held against the period's messages: met, not met, can't be judged."""

    profile: str
    title: str
    reference: str
    second_hand: bool
    met: int
    not_met: int
    not_judged: int
    verdicts: dict[str, int] = Field(default_factory=dict)
    """Messages per verdict of the profile, such as `plaintext` or `weak_cipher`."""
    citations: dict[str, str] = Field(default_factory=dict)
    """The rule that each verdict cites, second-hand knowledge worded so."""


class Safeguard(Part):
    """What guarded messages of one direction besides the TLS version: how many of all that can be judged had it."""

    name: SafeguardName
    direction: Direction
    share: Share


class Provenance(Part):
    """Where the numbers come from and how to check them."""

    digest: str
    """Hash over the period's facts."""
    policy_id: str
    policy_version: int
    policy_sha256: str
    settings_sha256: str
    readers_version: str
    versions: dict[str, str]
    """Software: transit-ledger, duckdb, python, weasyprint, …"""


class UntoldSource(Part):
    """A source that tells nothing of TLS for any message of the period, and what its format's site can do about it."""

    source: str
    messages: int
    advice: str


class ReportModel(Part):
    """Everything a report says, for one variant (language, visible connectors)."""

    organisation: str
    language: str
    page: Literal["A4", "Letter"]
    period: PeriodInfo
    edition: EditionInfo
    provisional: bool
    """Days are missing, cut short or open: the report goes out marked so."""
    state: Literal["mail", "quiet", "no_data"]
    """`quiet`: data complete, no mail. `no_data`: nothing came."""
    messages: int
    messages_before: int | None
    standard: Standard
    """What the share of up-to-date messages is held against."""
    encrypted: Figure
    encrypted_in: Figure
    encrypted_out: Figure
    up_to_date: Figure
    up_to_date_in: Figure
    up_to_date_out: Figure
    deprecated: Figure
    unknown: Figure
    """Messages of which TLS can't be said (`Unknown`), of all messages."""
    insights: tuple[Insight, ...]
    resolved: tuple[ResolvedInsight, ...] = ()
    completeness: Completeness
    untold: tuple[UntoldSource, ...] = ()
    missing: MissingVolume | None = None
    """About how much is missing; nothing where nothing is, or where there are no earlier weeks to tell it by."""
    lost_before: tuple[date, ...] = ()
    """Days before the period of which no counting source brought its export: what lies on them came with others."""
    begin_date: date | None = None
    """The first data date of all that is known of the time before the period: nothing can be older in this report."""
    flow: tuple[FlowRow, ...]
    """The days up to the period's end (30, or as many as the variant carries), the period's own included."""
    bands: tuple[Band, ...] = ()
    trend: tuple[TrendPoint, ...] = ()
    connectors: tuple[ConnectorSection, ...]
    """Most in need first; mail without a connector included."""
    partners: tuple[PartnerLine, ...] = ()
    """Partners without TLS or with deprecated TLS, over all connectors, most such messages first; capped at 500 in each
    direction (facts.csv holds all)."""
    partners_count: int = 0
    """How many there are, those beyond the cap included."""
    profiles: tuple[ProfileResult, ...] = ()
    safeguards: tuple[Safeguard, ...] = ()
    quality: DataQuality
    provenance: Provenance
    archive_url: str | None = None
    """Where readers reach the archive, if they can."""
    mentions: tuple[str, ...] = ()
    recompared: tuple[str, ...] = ()
    """Editions whose comparison was corrected since the last regular report: `2026-W47, edition 1`."""
    """Editions entered since the last regular mail and not mailed (backfill, manual): `2026-W40, edition 2`."""
    correction: Correction | None = None
    exceptions: tuple[Acknowledgement, ...] = ()
    """Every acceptance on record that holds at the period's end, the next to run out first."""
    reviews: tuple[Review, ...] = ()
    """Reviews of this and earlier periods on record when it was made, latest first."""
    visible_connectors: tuple[str, ...] = ()
    """Where an audience sees only some connectors, their names; nothing for all."""
    connectors_in_all: int = 0
    """How many connectors (a name in a direction) had mail in the period, those that are not shown included."""
