"""Delivery: an archived edition by mail to its audiences, one message per recipient, at most once each.

What may go out by itself is an edition of origin `scheduled`, or a `correction` that changed a verdict or moved a
number by more than `[report] correction_tolerance` against what that recipient last got. Everything else needs `to`.
The send ledger (`etl.send_ledger`) holds where each mail stands; running again touches only what is open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from etl import compose, periods, send_ledger, smtp, storage
from etl.archive import about, changes, ledger, variants
from etl.archive.ledger import Entry, Origin
from etl.archive.variants import Variant
from etl.errors import ArchiveBroken, DeliveryDelayed, DeliveryRefused, SettingsInvalid, UsageInvalid
from etl.periods import Period
from etl.send_ledger import Mail, Step
from etl.settings import Settings

REGULAR: tuple[Origin, ...] = ("scheduled", "correction")


@dataclass(frozen=True)
class Delivery:
    """What became of one recipient's mail.

    `state` is a state of the send ledger, or `open` (to be tried again), `would send` (dry run), `not needed` (the
    correction moves too little), `no variant` (the edition holds nothing that this audience may read).
    `sent_now` tells whether this call spoke to a server about it.
    """

    recipient: str
    state: str
    answer: str | None
    edition: int
    variant: str | None = None
    message_id: str | None = None
    size: int | None = None
    left_off: tuple[str, ...] = ()
    sent_now: bool = False
    command: str | None = None
    """What to run about it, if anything."""


@dataclass(frozen=True)
class _Job:
    """One edition on its way out."""

    settings: Settings
    entries: list[Entry]
    entry: Entry
    origin: Origin
    variants: list[Variant]
    again: bool
    named: bool
    """Whether the recipients were named by whoever asked."""

    @property
    def archive(self) -> Path:
        return self.settings.storage.archive_path


def deliver(
    settings: Settings,
    period: Period,
    *,
    edition: int | None = None,
    to: Sequence[str] | None = None,
    dry_run: bool = False,
    origin_allowed: Sequence[Origin] = REGULAR,
    again: bool = False,
) -> list[Delivery]:
    """Sends the current (or the named) edition of `period` to its audiences, or to the addresses in `to`.

    Gives what became of each recipient. When all have been tried and some are still open (no connection, 4xx), raises
    `DeliveryDelayed`, which may be retried: only those are touched then. A mail refused (5xx), or of which nobody knows
    whether it arrived (`unknown`), is in the list and raises nothing: `judge` does. Without `to`, an edition whose
    origin is not in `origin_allowed` raises `UsageInvalid`. `to` also takes up what was refused or is unknown, and with
    `again` what was accepted; the Message-ID stays, so that a repeat folds.
    """
    archive = settings.storage.archive_path
    entries = ledger.read(archive)
    entry = about.find(entries, period, edition)
    origin = ledger.origin(entries, entry)
    if not to and origin not in origin_allowed:
        raise UsageInvalid(
            f"edition {entry.edition} of {period} is of origin '{origin}' and goes to nobody by itself",
            f"origin {' or '.join(origin_allowed)}, or named recipients",
            f"python -m etl send {period} --edition {entry.edition} --to ADDRESS",
        )
    if settings.smtp is None and not dry_run:
        raise SettingsInvalid(
            "the settings",
            ["[smtp]: found nothing; sending needs a mail server"],
        )
    held = about.variants(archive, entry)
    job = _Job(settings, entries, entry, origin, held, again, bool(to))
    done = [_one(job, recipient, variant, dry_run) for recipient, variant in _recipients(job, to)]
    if late := [delivery for delivery in done if delivery.state == "open"]:
        raise Delayed(done, f"{len(late)} of {len(done)} mails of {period} wait: {late[0].answer}")
    return done


def sender_of(settings: Settings) -> str:
    """The address that mails come from: `[smtp] sender`, else `transit-ledger` at the organisation's first domain."""
    told = settings.smtp.sender if settings.smtp else None
    return told or f"transit-ledger@{settings.organisation.domains[0]}"


class Delayed(DeliveryDelayed):
    """Some mails are still open; `deliveries` holds what became of all."""

    def __init__(self, deliveries: list[Delivery], found: str) -> None:
        self.deliveries = deliveries
        super().__init__(found, "a mail server that takes them", "run the same command again; only these are tried")


def judge(deliveries: Sequence[Delivery]) -> None:
    """Raises `DeliveryRefused` where a mail was refused, unknown, or had no variant; says what to run."""
    bad = [delivery for delivery in deliveries if delivery.state in ("refused", "unknown", "no variant")]
    if bad:
        listed = "; ".join(f"{d.state}: {d.recipient} ({d.answer})" for d in bad[:5])
        raise DeliveryRefused(f"{len(bad)} mail(s) need a look: {listed}", "accepted", bad[0].command or "")


def _recipients(job: _Job, to: Sequence[str] | None) -> list[tuple[str, Variant | None]]:
    """Who gets which variant. A recipient of several audiences gets that of the first; an address that belongs to no
    audience gets the whole report in its own language."""
    listed: dict[str, tuple[str, Variant | None]] = {}
    for audience in job.settings.audiences:
        variant = variants.for_audience(job.settings, audience, job.variants)
        for recipient in audience.recipients:
            listed.setdefault(send_ledger.recipient_key(recipient), (recipient, variant))
    if not to:
        return list(listed.values())
    whole = [variant for variant in job.variants if not variant.connectors]
    default = next((v for v in whole if v.language == job.settings.report.language), whole[0] if whole else None)
    asked = {send_ledger.recipient_key(recipient): recipient for recipient in to}
    return [(recipient, listed.get(key, ("", default))[1]) for key, recipient in asked.items()]


def _one(job: _Job, recipient: str, variant: Variant | None, dry_run: bool) -> Delivery:
    """Brings one recipient's mail as far as it goes now."""
    mail = send_ledger.read(send_ledger.folder_of(job.settings, job.entry, recipient))
    if not dry_run:
        mail = send_ledger.settle(mail)
    if not _may_begin(job, mail):
        return _as_it_stands(job, recipient, mail)
    if variant is None:
        why = "this edition holds no variant that the audience may read; publish the period again with --policy"
        return Delivery(recipient, "no variant", why, job.entry.edition)
    if mail.last is None and not job.named and not _is_news(job, recipient):
        why = "the correction moves no verdict, and no number by more than correction_tolerance"
        return Delivery(recipient, "not needed", why, job.entry.edition, variant.folder)
    try:
        composed = _compose(job, recipient, variant)
    except OSError as error:
        raise ArchiveBroken(f"a file of {job.entry.bag} could not be read: {error}", "", "run verify") from error
    if dry_run:
        return _delivery(job, recipient, variant, composed, "would send", None)
    return _send(job, recipient, variant, composed, mail)


def _may_begin(job: _Job, mail: Mail) -> bool:
    if mail.is_open:
        return True
    if not job.named:
        return False
    return mail.state in ("refused", "unknown") or (job.again and mail.state == "accepted")


def _is_news(job: _Job, recipient: str) -> bool:
    """Whether a recipient who has not begun to get this edition should: always the first one of a period, later ones
    only where they move something against the one the recipient got last."""
    earlier = [entry for entry in ledger.editions(job.entries, job.entry.period) if entry.number < job.entry.number]
    if not earlier or job.origin == "scheduled":
        return True
    got = send_ledger.of_period(job.settings, earlier, recipient)
    seen = [entry for entry, mail in got if mail.state in ("accepted", "unknown", "sending")]
    if not seen:
        return any(ledger.origin(job.entries, entry) in REGULAR for entry in earlier)
    tolerance = job.settings.report.correction_tolerance
    before, after = (job.archive / entry.bag / "data" for entry in (seen[-1], job.entry))
    return changes.must_be_told(before, after, tolerance)


def _compose(job: _Job, recipient: str, variant: Variant) -> compose.Composed:
    earlier = [entry for entry in ledger.editions(job.entries, job.entry.period) if entry.number < job.entry.number]
    got = send_ledger.of_period(job.settings, earlier, recipient)
    before = [mail.last.message_id for _, mail in got if mail.last and mail.state == "accepted"]
    folder = f"{job.entry.bag}/data/{variant.folder}"
    envelope = compose.Envelope(
        sender=sender_of(job.settings),
        sender_name=f"Transit Ledger, {job.settings.organisation.name}",
        recipient=recipient,
        entry=job.entry,
        language=variant.language,
        folder=folder,
        sent_at=periods.now(),
        in_reply_to=before[-1] if before else None,
    )
    return compose.compose(envelope, variants.read_mail(job.archive / folder))


def _send(job: _Job, recipient: str, variant: Variant, composed: compose.Composed, mail: Mail) -> Delivery:
    step = Step(
        recipient=recipient,
        period=job.entry.period,
        edition=job.entry.edition,
        ledger_hash=job.entry.hash,
        variant=variant.folder,
        message_id=composed.message_id,
        state="claimed",
        at="",
        note=f"left off: {', '.join(composed.left_off)}" if composed.left_off else None,
    )
    claimed = send_ledger.claim(mail, step)
    if claimed is None or claimed.last is None:
        return _as_it_stands(job, recipient, send_ledger.read(mail.folder))
    storage.write_atomic(mail.folder / f"{claimed.number:08d}.eml", composed.content)
    outcome = _converse(job.settings, recipient, composed, claimed)
    if outcome is None:
        return _as_it_stands(job, recipient, send_ledger.read(mail.folder))
    done = _as_it_stands(job, recipient, outcome)
    return replace(done, size=len(composed.content), left_off=composed.left_off, sent_now=True)


def _converse(settings: Settings, recipient: str, composed: compose.Composed, claimed: Mail) -> Mail | None:
    """Hands one message to the server; nothing where another process took the mail before the first byte of DATA."""
    step, current = claimed.last, claimed
    if settings.smtp is None or step is None:
        raise ValueError("a server and a claim are needed to send")

    def begin() -> bool:
        nonlocal current
        begun = send_ledger.take(claimed, send_ledger.stamp(step, "sending", held=True))
        current = begun or current
        return begun is not None

    answer = smtp.hand_over(settings.smtp, sender_of(settings), recipient, composed.content, begin)
    if answer.outcome == "taken by another":
        return None
    states: dict[str, send_ledger.State] = {"accepted": "accepted", "refused": "refused", "unknown": "unknown"}
    state = states.get(answer.outcome, "claimed")
    return send_ledger.conclude(current, send_ledger.stamp(step, state, answer.text))


def _as_it_stands(job: _Job, recipient: str, mail: Mail) -> Delivery:
    """What the send ledger says of a mail, with the command to run about it."""
    last, state = mail.last, mail.state
    told = "open" if mail.is_open else str(state)
    answer = last.answer if last else None
    if state == "claimed" and not mail.is_open:
        answer = "another process is at it"
    command = command_for(job.entry, recipient, told)
    left_off = tuple((last.note or "").removeprefix("left off: ").split(", ")) if last and last.note else ()
    return Delivery(
        recipient,
        told,
        answer,
        job.entry.edition,
        last.variant if last else None,
        last.message_id if last else None,
        left_off=left_off,
        command=command,
    )


def command_for(entry: Entry, recipient: str, state: str) -> str | None:
    """What to run about a mail in this state; nothing where there is nothing to do."""
    if state in ("refused", "unknown"):
        return f"python -m etl send {entry.period} --edition {entry.edition} --to {recipient}"
    return f"python -m etl send {entry.period} --edition {entry.edition}" if state == "open" else None


def _delivery(
    job: _Job, recipient: str, variant: Variant, composed: compose.Composed, state: str, answer: str | None
) -> Delivery:
    return Delivery(
        recipient,
        state,
        answer,
        job.entry.edition,
        variant.folder,
        composed.message_id,
        len(composed.content),
        composed.left_off,
    )
