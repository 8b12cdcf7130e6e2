"""What stands at the end of each report in the same words: definitions, data quality, provenance, and the edition."""

from __future__ import annotations

from dataclasses import dataclass

from etl.model.report import ReportModel, Share
from etl.report.language import DASH, Language
from etl.report.view import wording
from etl.report.view.verdict import evidence

HEAD_LENGTH = 16


@dataclass(frozen=True)
class EditionView:
    """Which edition this is, and what a corrected one corrects."""

    line: str
    title: str
    reason: str
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
        return EditionView(line, "", "", "", (), "")
    reasons = {
        "facts": lang._("the counted messages changed, because exports came late or were corrected"),
        "completeness": lang._("it is now known better what came and what did not"),
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
        title=lang._("Corrected: edition {n} replaces edition {old}", n=this.number, old=this.supersedes_number),
        reason=lang._("Why: {reasons}.", reasons="; ".join(reasons.get(r, r) for r in this.reasons) or DASH),
        supersedes=this.supersedes or "",
        changes=changes,
        changes_note=lang.ngettext("and {n} change more", "and {n} changes more", more) if more > 0 else "",
    )


def profiles(lang: Language, model: ReportModel) -> tuple[ProfileView, ...]:
    """Each profile with the share that met it, of what can be judged."""
    made = []
    for p in model.profiles:
        hearsay = lang._("told second hand")
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
    note = lang._("Can’t be said of most messages: {names}.", names=lang.listed(untold)) if untold and told else ""
    return tuple(views), note


def _verdict_name(lang: Language, verdict: str) -> str:
    """A profile's verdict in words."""
    names = {
        "plaintext": lang._("without TLS"), "deprecated_version": lang._("deprecated version"),
        "deprecated_cipher": lang._("broken cipher"), "weak_cipher": lang._("weak cipher"),
        "current": lang._("up to date"), "current_version_cipher_unknown": lang._("cipher not told"),
        "unknown": lang._("version not told"), "cipher_unlisted": lang._("cipher not listed"),
        "certificate_not_valid": lang._("certificate not valid"),
        "certificate_unknown": lang._("certificate not checked"),
        "static_dh_ended": lang._("static key exchange, run out"), "dhe_ended": lang._("DHE or DSA, run out"),
        "tls_1_2_ended": lang._("TLS 1.2, run out"), "classical_ended": lang._("classical key exchange, run out"),
        "classical_not_for_high": lang._("classical key exchange, run out for high needs"),
        "good": lang._("good"), "sufficient": lang._("sufficient"), "phase_out": lang._("phase out"),
        "insufficient": lang._("insufficient"), "post_quantum": lang._("post-quantum key exchange"),
        "classical": lang._("classical key exchange"), "group_unknown": lang._("key exchange not told"),
        "group_other": lang._("another post-quantum key exchange"),
    }  # fmt: skip
    return names.get(verdict, verdict)


def quality(lang: Language, model: ReportModel, most: int) -> QualityView:
    """Data quality; at most `most` files, reasons and words are listed."""
    parts = model.quality
    sources = tuple(
        (
            wording.clean(s.source), lang._("counts") if s.role == "count" else lang._("held against"),
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
        "counted": lang._("counted"), "quarantined": lang._("set aside"),
        "grown": lang._("a longer file took its place"), "retracted": lang._("retracted"),
        "replaced": lang._("replaced"), "restated": lang._("restated by a newer export"),
    }  # fmt: skip
    return names.get(state, state)


def definitions(lang: Language, model: ReportModel) -> tuple[tuple[str, str], ...]:
    """The words of the report, the same each time."""
    zone = model.period.time_zone
    return (
        (lang._("Message"), lang._(
            "A message on one day, through one connector, in one direction, to or from one partner domain, under one "
            "TLS version, cipher and authentication. A message to three domains counts three times, a total is the "
            "plain sum of its parts. Only what was accepted by the next server counts; bounces are mail.")),
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
        (lang._("Protected, deprecated"), lang._(
            "Protected is any TLS, its version told or not. Deprecated is TLS 1.1 and older (RFC 8996). Modern is TLS "
            "1.2 and newer.")),
        (lang._("TLS unknown, Unknown"), lang._(
            "“TLS unknown” was encrypted, the version is not told. Of “Unknown” nothing can be said; it is never "
            "counted as mail without TLS. It stands beside a share, not in it: every share is n of N, undecided "
            "messages apart, and an insight that they could turn is marked provisional, with the least and the most "
            "it can be.")),
        (lang._("Told twice"), lang._(
            "Records that agree in source, day, direction, connector, message identity and recipient are one delivery; "
            "the one that says most of TLS stands.")),
        (lang._("Rounding"), lang._(
            "A rule is decided on whole numbers, never on a rounded share; a share is shown with as many digits as it "
            "needs not to contradict its rule. The shares of a row add to 100.0 (largest remainder); <0.1 and >99.9 "
            "are not none and not all. A dash is nothing, or a share of nothing.")),
        (lang._("Band"), lang._(
            "Where the same weekday lay in the up to eight weeks before, from the 10th to the 90th percentile.")),
        (lang._("What would break"), lang._(
            "How many of the period’s messages came without TLS, or below TLS 1.2, and would have failed had that been "
            "refused.")),
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
    if this.next_due_at:
        rows.append((lang._("Next report due"), lang.instant(this.next_due_at, model.period.time_zone)))
    if model.visible_connectors:
        rows.append((lang._("Shows only"), lang.listed(wording.clean(name) for name in model.visible_connectors)))
    if model.mentions:
        rows.append((lang._("Also entered, not mailed"), lang.listed(model.mentions)))
    return tuple((name, text) for name, text in rows)
