"""What stands at the end of each report in the same words: definitions, data quality, provenance, and the edition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from etl.common.words import N_
from etl.model.report import ActionName, ReportModel, Share
from etl.report.language import DASH, Language
from etl.report.view import wording
from etl.report.view.verdict import evidence, scope, until

HEAD_LENGTH = 16


@dataclass(frozen=True)
class EditionView:
    """Which edition this is, and what a corrected one corrects."""

    line: str
    title: str
    reason: str
    sentences: tuple[str, ...]
    """Which file came, what moved in the headline, which actions stand, are withdrawn, are new."""
    supersedes: str
    changes: tuple[tuple[str, str, str, str, str], ...]
    """Connector, TLS version, as was, as is, difference."""
    changes_note: str


@dataclass(frozen=True)
class QualityView:
    """All that was not plainly counted."""

    sources: tuple[tuple[str, ...], ...]
    files: tuple[tuple[str, ...], ...]
    files_note: str
    rejects: tuple[tuple[str, str, str, str], ...]
    rejects_note: str
    skips: tuple[tuple[str, str], ...]
    words: tuple[tuple[str, str, str, str], ...]
    words_note: str
    reconciliations: tuple[tuple[str, ...], ...]
    reconciliations_note: str
    tls_reports: tuple[tuple[str, str, str, str, str], ...]
    """Domain, reporter, successful and failed sessions, what failed."""
    tls_reports_note: str


@dataclass(frozen=True)
class ProfileView:
    """One published profile against the period's messages."""

    title: str
    reference: str
    met: str
    not_met: str
    not_judged: str
    share: str
    verdicts: str


@dataclass(frozen=True)
class SafeguardView:
    """One safeguard in both directions: its name, then share and evidence in, share and evidence out."""

    name: str
    cells: tuple[str, str, str, str]


def edition(lang: Language, model: ReportModel, most: int) -> EditionView:
    """The edition in words; at most `most` changes are listed."""
    this = model.edition
    made = lang.instant(this.made_at, model.period.time_zone)
    number = lang._("preview") if this.number == 0 else lang._("edition {n}", n=this.number)
    line = wording.capital(lang._("{edition}, made {instant}", edition=number, instant=made))
    if this.supersedes_number is None:
        return EditionView(line, "", "", (), "", (), "")
    reasons = {
        "facts": lang._("the counted messages changed, because exports came late or were corrected"),
        "completeness": lang._("it is now known better what came and what did not"),
        "history": lang._("an earlier week was corrected, and an action here hangs on the comparison with it"),
        "policy": lang._("the policy changed"),
        "settings": lang._("settings that decide what counts changed"),
        "readers": lang._("the readers of the exports changed"),
    }
    changes = tuple(
        (
            wording.directed(lang, c.connector, c.direction), wording.version_name(lang, c.tls_version),
            lang.number(c.messages_before), lang.number(c.messages), lang.signed(c.messages - c.messages_before),
        )
        for c in this.changes[:most]
    )  # fmt: skip
    more = len(this.changes) - len(changes)
    return EditionView(
        line=line,
        title=_replaces(lang, model),
        reason=lang._("Why: {reasons}.", reasons="; ".join(reasons.get(r, r) for r in this.reasons) or DASH),
        sentences=tuple(_corrected(lang, model)),
        supersedes=this.supersedes or "",
        changes=changes,
        changes_note=lang.ngettext("and {n} change more", "and {n} changes more", more) if more > 0 else "",
    )


def _replaces(lang: Language, model: ReportModel) -> str:
    this = model.edition
    if model.correction is None:
        return lang._("Edition {n} replaces edition {old}", n=this.number, old=this.supersedes_number or 0)
    return lang._(
        "Edition {n} replaces edition {old} of {instant}", n=this.number, old=this.supersedes_number or 0,
        instant=lang.instant(model.correction.made_at, model.period.time_zone),
    )  # fmt: skip


def _corrected(lang: Language, model: ReportModel) -> Iterator[str]:
    told = model.correction
    if told is None:
        return
    if told.files and not model.visible_connectors:
        files = wording.few(lang, [wording.clean(name) for name in told.files], 4)
        yield lang._("Came since: {files}.", files=files)
    was, now = told.up_to_date, model.up_to_date.now
    if was == now:
        yield lang._(
            "The headline stays as it was: {n} of {total}.", n=lang.number(now.n), total=lang.number(now.total)
        )
    else:
        yield lang._(
            "Headline: {was} ({was_n} of {was_total}) became {now} ({n} of {total}).", was=lang.share(was),
            was_n=lang.number(was.n), was_total=lang.number(was.total), now=lang.share(now), n=lang.number(now.n),
            total=lang.number(now.total),
        )  # fmt: skip
    parts = [lang.ngettext("{n} stands", "{n} stand", told.standing)]
    for text, names in ((N_("{n} withdrawn ({names})"), told.withdrawn), (N_("{n} new ({names})"), told.added)):
        if names:
            listed = wording.few(lang, [_action_name(lang, item) for item in names], 4)
            parts.append(lang._(text, n=lang.number(len(names)), names=listed))
    yield lang._("Actions: {parts}.", parts="; ".join(parts))


def _action_name(lang: Language, item: ActionName) -> str:
    title = lang.pick(item.title)
    place = wording.directed(lang, item.connector, item.direction, wording.IN_TABLES) if item.connector else ""
    return f"{title}: {place}" if place else title


def foot(lang: Language, model: ReportModel) -> tuple[tuple[str, str], ...]:
    """What an auditor looks for, at the foot of page one: name and text."""
    proof, this = model.provenance, model.edition
    sources = [wording.clean(s.source) for s in model.completeness.sources if s.role == "count"]
    covered = lang._(
        "{sources}; mail in and out, {connectors}; not mail between own servers, nor what own users hand in",
        sources=wording.few(lang, sources, 4), connectors=scope(lang, model) or lang._("no connector"),
    )  # fmt: skip
    made = [
        lang._("edition {n}", n=this.number) if this.number else lang._("preview, not archived"),
        lang._("built on ledger head {head}", head=this.ledger_head[:HEAD_LENGTH]) if this.ledger_head
        else lang._("the ledger’s first entry"),
    ]  # fmt: skip
    rows = [
        (lang._("Covers"), covered),
        (lang._("Judged by"), lang._("{standard}, by TLS version; policy {id}, version {version}",
                                     standard=model.standard.title, id=proof.policy_id, version=proof.policy_version)),
        (lang._("Edition"), " · ".join(made)),
        (lang._("Exceptions"), _exceptions(lang, model)),
    ]  # fmt: skip
    if model.state != "no_data" and (still := until(lang, model)):
        rows.append((lang._("More data"), still))
    if model.reviews:
        last = model.reviews[0]
        rows.append((lang._("Reviewed"), lang._(
            "{period} by {by} on {day}", period=wording.period_id(lang, last.period, model.period),
            by=wording.clean(last.by), day=lang.day(last.on))))  # fmt: skip
    return tuple(rows)


def _exceptions(lang: Language, model: ReportModel) -> str:
    if not model.exceptions:
        return lang._("none on record")
    first = model.exceptions[0]
    count = lang.ngettext("{n} on record", "{n} on record", len(model.exceptions))
    return lang._("{count}; the next runs out {day} ({by})", count=count, day=lang.day(first.until),
                  by=wording.clean(first.by))  # fmt: skip


def profiles(lang: Language, model: ReportModel) -> tuple[ProfileView, ...]:
    """Each profile with the share that met it, of what can be judged."""
    made = []
    for p in model.profiles:
        hearsay = lang._("not checked at the source")
        reference = f"{lang._(p.reference)} ({hearsay})" if p.second_hand else lang._(p.reference)
        verdicts = [
            f"{_verdict_name(lang, name)} {lang.number(n)}"
            + (f" ({lang._(p.citations[name])})" if name in p.citations else "")
            for name, n in p.verdicts.items()
            if n
        ]
        made.append(
            ProfileView(
                title=lang._(p.title), reference=reference, met=lang.number(p.met), not_met=lang.number(p.not_met),
                not_judged=lang.number(p.not_judged), share=lang.ratio(p.met, p.met + p.not_met),
                verdicts=" · ".join(verdicts),
            )
        )  # fmt: skip
    return tuple(made)


def safeguards(lang: Language, model: ReportModel) -> tuple[tuple[SafeguardView, ...], str]:
    """The safeguards that can be told of most messages in some direction, and a sentence on the others."""
    names = {
        "forward_secrecy": lang._("Forward secrecy"), "aead": lang._("Authenticated encryption (AEAD)"),
        "post_quantum": lang._("Post-quantum key exchange"),
        "peer_trusted": lang._("Certificate of the other side trusted"),
        "peer_verified": lang._("Certificate trusted and of the right name"),
    }  # fmt: skip
    shares: dict[str, dict[str, Share]] = {}
    for item in model.safeguards:
        shares.setdefault(item.name, {})[item.direction] = item.share
    told = [name for name, ways in shares.items() if any(share.total > share.undecided for share in ways.values())]
    views = []
    for name in told:
        inward, outward = shares[name]["inbound"], shares[name]["outbound"]
        cells = lang.share(inward), evidence(lang, inward), lang.share(outward), evidence(lang, outward)
        views.append(SafeguardView(names[name], cells))
    untold = [names[name] for name in shares if name not in told]
    note = lang._("Unknown for most messages: {names}.", names=lang.listed(untold)) if untold and told else ""
    return tuple(views), note


def _verdict_name(lang: Language, verdict: str) -> str:
    """A profile's verdict in words."""
    names = {
        "plaintext": lang._("without TLS"), "deprecated_version": lang._("deprecated version"),
        "deprecated_cipher": lang._("broken cipher"), "weak_cipher": lang._("weak cipher"),
        "current": lang._("up to date"), "current_version_cipher_unknown": lang._("cipher unknown"),
        "unknown": lang._("unknown"), "cipher_unlisted": lang._("cipher not listed"),
        "certificate_not_valid": lang._("certificate not valid"),
        "certificate_unknown": lang._("certificate not checked"),
        "static_dh_ended": lang._("static key exchange, run out"), "dhe_ended": lang._("DHE or DSA, run out"),
        "tls_1_2_ended": lang._("TLS 1.2, run out"), "classical_ended": lang._("classical key exchange, run out"),
        "classical_not_for_high": lang._("classical key exchange, run out for high needs"),
        "good": lang._("good"), "sufficient": lang._("sufficient"), "phase_out": lang._("phase out"),
        "insufficient": lang._("insufficient"), "post_quantum": lang._("post-quantum key exchange"),
        "classical": lang._("classical key exchange"), "group_unknown": lang._("key exchange unknown"),
        "group_other": lang._("another post-quantum key exchange"),
    }  # fmt: skip
    return names.get(verdict, verdict)


def quality(lang: Language, model: ReportModel, most: int) -> QualityView:
    """Data quality; at most `most` files, reasons and words are listed."""
    parts = model.quality
    sources = tuple(
        (
            wording.clean(s.source), lang._("counts") if s.role == "count" else lang._("compared"),
            lang._("{received} of {expected} days", received=lang.number(s.received_days),
                   expected=lang.number(s.expected_days)) if s.expected_days is not None
            else lang._("{received} days, irregular", received=lang.number(s.received_days)),
            *(lang.number(n) for n in (s.files, s.records, s.used, s.rejected, s.skipped, s.duplicates,
                                       s.duplicate_files, s.quarantined_files, s.late_rows)),
        )
        for s in model.completeness.sources
    )  # fmt: skip
    files = tuple(
        (
            wording.short(wording.clean(f.name), 60), state_name(lang, f.state), lang.number(f.records),
            lang.number(f.used), lang.number(f.rejected), lang.number(f.skipped), lang.size(f.size), f.sha256[:16],
        )
        for f in parts.files[:most]
    )  # fmt: skip
    more = len(parts.files) - len(files)
    reporters = len(parts.tls_reports) - most
    return QualityView(
        sources=sources,
        files=files,
        files_note=lang.ngettext("and {n} file more, in the data inside the PDF",
                                 "and {n} files more, in the data inside the PDF", more) if more > 0 else "",
        rejects=tuple(
            (wording.clean(r.source), wording.outcome(lang, r.reason), lang.number(r.records),
             "; ".join(_example(lang, place) for place in r.examples[:3]))
            for r in parts.rejects[:most]
        ),
        rejects_note=wording.rest(lang, len(parts.rejects) - most),
        skips=tuple((wording.outcome(lang, rule), lang.number(n)) for rule, n in sorted(parts.skips.items())),
        words=tuple((wording.clean(w.source), wording.field(lang, w.field), wording.short(wording.clean(w.word), 60),
                     lang.number(w.messages)) for w in parts.unknown_words[:most]),
        words_note=wording.rest(lang, len(parts.unknown_words) - most),
        reconciliations_note=wording.rest(lang, len(parts.reconciliations) - most),
        reconciliations=tuple(
            (wording.clean(r.source), lang.day(r.data_date, "EEE d MMM"), wording.direction(lang, r.direction),
             lang.number(r.messages), lang.number(r.counted_messages), lang.signed(r.messages - r.counted_messages))
            for r in parts.reconciliations[:most]
        ),
        tls_reports=tuple(
            (wording.short(wording.clean(line.policy_domain), 60), wording.short(wording.clean(line.reporting_org), 60),
             lang.number(line.successful_sessions), lang.count(line.failed_sessions),
             " · ".join(f"{wording.clean(name)} {lang.number(n)}" for name, n in line.failures.items()) or DASH)
            for line in parts.tls_reports[:most]
        ),
        tls_reports_note=lang.ngettext("and {n} reporter more", "and {n} reporters more", reporters)
        if reporters > 0 else "",
    )  # fmt: skip


def _example(lang: Language, place: str) -> str:
    """Where a rejected record stands, told as `connector-2026-11-12.csv, record 118`."""
    name, parted, number = place.rpartition(", record ")
    return lang._("{file}, record {n}", file=wording.clean(name), n=number) if parted else wording.clean(place)


def state_name(lang: Language, state: str) -> str:
    """What became of a file."""
    names = {
        "counted": lang._("counted"), "quarantined": lang._("unreadable"),
        "grown": lang._("a longer file took its place"), "retracted": lang._("retracted"),
        "replaced": lang._("replaced"), "restated": lang._("restated by a newer export"),
    }  # fmt: skip
    return names.get(state, state)


def definitions(lang: Language, model: ReportModel) -> tuple[tuple[str, str], ...]:
    """The words of the report, the same each time (docs/words.md has them too), and last what it can't show."""
    zone, title, least = model.period.time_zone, model.standard.title, model.standard.least
    return (
        (lang._("Message"), lang._(
            "A message on one day, through one connector, in one direction, to or from one partner domain, under one "
            "TLS version, cipher and authentication. A message to three domains counts three times, a total is the "
            "plain sum of its parts. Only what was accepted by the next server counts; bounces are mail.")),
        (lang._("Encrypted"), lang._("Any TLS, its version known or not.")),
        (lang._("{least} or newer", least=least), lang._(
            "What {standard} allows, by TLS version alone. Older TLS (1.1 and before) is deprecated by RFC 8996.",
            standard=title)),
        (lang._("Authenticated"), lang._(
            "The other side’s certificate was verified and of the right name, where exports tell it.")),
        (lang._("Unknown"), lang._(
            "No TLS information. It is never counted as mail without TLS, and it is no part of a share: every share is "
            "n of N messages that can be judged, the unknown apart.")),
        (lang._("Version unknown"), lang._("Encrypted, but the export does not tell the version.")),
        (lang._("Open"), lang._(
            "Unknown mail could turn the verdict: the least and the most that the share can be lie on both sides of "
            "the rule’s limit.")),
        (lang._("Provisional"), lang._(
            "Part of the period’s data is missing, or more is expected. How much is missing is estimated from the "
            "median of the same weekdays of up to eight weeks before.")),
        (lang._("Needs action"), lang._(
            "A rule of the policy spoke, with evidence enough; what has too little evidence is good to know. “Or "
            "before” marks a start at the first day on record.")),
        (lang._("Day, week"), lang._(
            "A day is a calendar day in {zone}. A week is an ISO week, Monday to Sunday there; where the clocks change "
            "it has 167 or 169 hours.", zone=zone)),
        (lang._("In, out"), lang._(
            "As the organisation sees it. Mail between its own servers and mail handed in by its own users is no part "
            "of it.")),
        (lang._("Connector"), lang._(
            "The named path mail takes. Mail without one is shown as “No connector”, from or to the internet.")),
        (lang._("Partner domain"), lang._(
            "The domain of the sender (in) or of the recipient (out). Inbound it is what the sender claims, and can be "
            "forged.")),
        (lang._("Duplicate"), lang._(
            "Records that agree in source, day, direction, connector, message identity and recipient are one delivery; "
            "the one that says most of TLS stands.")),
        (lang._("Rounding"), lang._(
            "A rule is decided on whole numbers, never on a rounded share. Shares are rounded each by itself and may "
            "not add to 100; <0.1 and >99.9 are not none and not all. Of fewer than 30 messages counts stand instead "
            "of a share. A dash is nothing, or a share of nothing.")),
        (lang._("Usual volume"), lang._(
            "Where the same weekday lay in the up to eight weeks before, from the 10th to the 90th percentile.")),
        (lang._("What this report can’t show"), lang._(
            "What was said inside a message, or who could read it on either side; hops that no export tells of; "
            "whether a partner’s domain is real where mail comes in; what a server would have done had more been "
            "required. It is evidence about transport, not a statement that a rule or a law is met.")),
    )  # fmt: skip


def provenance(lang: Language, model: ReportModel) -> tuple[tuple[str, str], ...]:
    """Where the numbers come from and how to check them, as name and text."""
    proof, this = model.provenance, model.edition
    rows = [
        (lang._("Edition"), lang._("{edition} of {period}", edition=lang._("edition {n}", n=this.number)
                                   if this.number else lang._("preview"), period=model.period.id)),
        (lang._("Made"), lang.instant(this.made_at, model.period.time_zone)),
        (lang._("Built on ledger head"), this.ledger_head or lang._("none yet: the ledger’s first entry")),
        (lang._("Facts"), proof.digest),
        (lang._("Policy"), lang._("{id}, version {version}", id=proof.policy_id, version=proof.policy_version)
         + f" · {proof.policy_sha256}"),
        (lang._("Counting settings"), proof.settings_sha256),
        (lang._("Readers"), proof.readers_version),
        (lang._("Software"), " · ".join(f"{name} {version}" for name, version in sorted(proof.versions.items()))),
        (lang._("Check it yourself"), f"python -m etl verify · python -m etl reproduce {model.period.id}"),
    ]  # fmt: skip
    if this.next_due_at and this.next_due_at > this.made_at:
        rows.append((lang._("Next report due"), lang.instant(this.next_due_at, model.period.time_zone)))
    if model.visible_connectors:
        rows.append((lang._("Shows only"), lang.listed(wording.clean(name) for name in model.visible_connectors)))
    if model.mentions:
        rows.append((lang._("Also entered, not mailed"), lang.listed(model.mentions)))
    if model.recompared:
        rows.append((lang._("Comparison corrected since"), lang.listed(model.recompared)))
    return tuple((name, text) for name, text in rows)
