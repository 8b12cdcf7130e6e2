"""Delivery: an archived edition by mail to its audiences, one message per recipient, at most once each.

What may go out by itself is an edition of origin `scheduled`, or a `correction` that changed a verdict or moved a
number by more than `[report] correction_tolerance` against what that recipient last got. Everything else needs `to`.
The send ledger (`etl.send_ledger`) holds where each mail stands; running again touches only what is open.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from etl.archive import bag, changes, edition_file, ledger, shelf, variants
from etl.archive.ledger import Entry
from etl.archive.shelf import Shelf
from etl.archive.variants import Recipient, Variant
from etl.common import disk, periods
from etl.common.addresses import ascii_address, recipient_key
from etl.common.errors import (
    ArchiveBroken,
    Busy,
    DeliveryDelayed,
    DeliveryRefused,
    NotFound,
    SettingsInvalid,
    UsageInvalid,
)
from etl.common.periods import Period
from etl.common.words import DELIVERED, Origin
from etl.delivery import compose, send_ledger, smtp
from etl.delivery.send_ledger import Mail, Step
from etl.settings import Settings


@dataclass(frozen=True)
class Delivery:
    """What became of one recipient's mail.

    `state` is a state of the send ledger, or `open` (to be tried again), `not needed` (the correction moves too
    little), `superseded` (a later edition goes to this recipient), `no variant` (the edition holds nothing that this
    audience may read); of a dry run `would send`, or `needs --to`.
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
    """Whether this call spoke to a server about it."""
    command: str | None = None
    """What to run about it, if anything."""
    content: bytes | None = field(default=None, repr=False)
    """The exact message, of a dry run."""
    no_server: bool = field(default=False, repr=False)
    """Whether it is open because there was no server to talk to: then the others wait too."""


@dataclass(frozen=True)
class _Job:
    """One edition on its way out."""

    settings: Settings
    entries: list[Entry]
    entry: Entry
    variants: list[Variant]
    again: bool
    named: bool
    """Whether the recipients were named by whoever asked."""

    @property
    def archive(self) -> Shelf:
        return shelf.of(self.settings)

    @property
    def origin(self) -> Origin:
        return ledger.origin(self.entries, self.entry)

    @property
    def earlier(self) -> list[Entry]:
        """The period's editions before this one, oldest first."""
        held = ledger.editions(self.entries, self.entry.period)
        return [entry for entry in held if entry.number < self.entry.number]

    @property
    def successor(self) -> Entry | None:
        """The latest later edition that goes out by itself, if there is one."""
        held = ledger.editions(self.entries, self.entry.period)
        later = [e for e in held if e.number > self.entry.number and ledger.origin(self.entries, e) in DELIVERED]
        return later[-1] if later else None


def deliver(
    settings: Settings,
    period: Period,
    *,
    edition: int | None = None,
    to: Sequence[str] | None = None,
    dry_run: bool = False,
    again: bool = False,
) -> list[Delivery]:
    """Sends the current (or the named) edition of `period` to its audiences, or to the addresses in `to`.

    Gives what became of each recipient. When all have been tried and some are still open (no connection, 4xx), raises
    `Delayed`, which may be retried: only those are touched then. A mail refused (5xx), or of which nobody knows whether
    it arrived (`unknown`), is in the list and raises nothing: `raise_if_unsent` does. Without `to`, an edition that
    does not go out by itself raises `UsageInvalid`. `to` also takes up what was refused, closed or is unknown, and
    with `again` what was accepted; the Message-ID stays, so that a repeat folds. A dry run composes, and can't reach a
    server.
    """
    job = _job(settings, period, edition, to, again)
    if not job.named and not dry_run and job.origin not in DELIVERED:
        raise UsageInvalid(
            f"edition {job.entry.edition} of {period} is of origin '{job.origin}' and goes to nobody by itself",
            f"origin {' or '.join(DELIVERED)}, or named recipients",
            f"name them: python -m etl send {period} --edition {job.entry.edition} --to ADDRESS",
        )
    if settings.smtp is None and not dry_run:
        raise SettingsInvalid("the settings", ["[smtp]: found nothing; without a mail server nothing is sent"])
    _refuse_altered(job)
    if dry_run:
        return [_previewed(job, reader) for reader in _readers(job, to)]
    done: list[Delivery] = []
    for reader in _readers(job, to):
        down = next((delivery.answer for delivery in done if delivery.no_server), None)
        done.append(_one(job, reader, down))
    if late := [delivery for delivery in done if delivery.state == "open"]:
        raise Delayed(done, f"{len(late)} of {len(done)} mails of {period} wait: {late[0].answer}")
    return done


def deliver_due(settings: Settings, due: Iterable[Period]) -> list[Delivery]:
    """Sends, for each period, the latest edition that goes out by itself; a period without one is left alone. Each is
    tried before `Delayed` tells of all that is still open."""
    entries = ledger.read(shelf.of(settings))
    done: list[Delivery] = []
    waiting: list[str] = []
    for period in due:
        held = [e for e in ledger.editions(entries, str(period)) if ledger.origin(entries, e) in DELIVERED]
        try:
            done += deliver(settings, period, edition=held[-1].edition) if held else []
        except Delayed as error:
            done += error.deliveries
            waiting.append(error.found)
    if waiting:
        raise Delayed(done, "; ".join(waiting))
    return done


def settle(
    settings: Settings,
    period: Period,
    recipient: str,
    outcome: str,
    *,
    edition: int | None = None,
    who: str,
    why: str,
) -> Delivery:
    """Writes down what a person found out or decided about a mail that is unknown, refused or open: that it arrived
    (`accepted`), that it did not and is to be sent (`open`), or that nothing more is to be done (`closed`)."""
    states: dict[str, send_ledger.State] = {"accepted": "accepted", "open": "claimed", "closed": "closed"}
    if outcome not in states:
        raise UsageInvalid(f"'{outcome}' is nothing that a mail can be settled as", f"one of {', '.join(states)}")
    job = _job(settings, period, edition, [recipient], again=False)
    mail = send_ledger.note_lost(send_ledger.read(send_ledger.folder_of(settings, job.entry, recipient)))
    if mail.last is None:
        told = f"no mail of {period}, edition {job.entry.edition}, to {recipient} was begun"
        raise NotFound(told, "one that was", f"`python -m etl send {period} --dry-run` lists them")
    if mail.state in send_ledger.DONE:
        raise UsageInvalid(f"the mail to {recipient} is {mail.state} already", "one that is unknown, refused or open")
    if not mail.is_open and mail.state in ("claimed", "sending"):
        raise Busy(f"a process is sending the mail to {recipient} now", "it to end", "look again in a minute")
    settled = send_ledger.take(mail, send_ledger.stamp(mail.last, states[outcome], f"settled by {who}: {why}"))
    if settled is None:
        raise Busy(f"another process took up the mail to {recipient} just now", "it to end", "look again in a minute")
    return _as_it_stands(job, recipient, settled)


class Delayed(DeliveryDelayed):
    """Some mails are still open; `deliveries` holds what became of all."""

    def __init__(self, deliveries: list[Delivery], found: str) -> None:
        self.deliveries = deliveries
        super().__init__(found, "a mail server that takes them", "run the same command again; only these are tried")


def raise_if_unsent(deliveries: Sequence[Delivery]) -> None:
    """Raises `DeliveryRefused` where a mail was refused, unknown, or had no variant; says what to run."""
    bad = [delivery for delivery in deliveries if delivery.state in ("refused", "unknown", "no variant")]
    if bad:
        listed = "; ".join(f"{d.state}: {d.recipient} ({d.answer})" for d in bad[:5])
        told = advice(bad[0])
        raise DeliveryRefused(f"{len(bad)} mail(s) need a look: {listed}", "accepted", f"next: {told}" if told else "")


def advice(delivery: Delivery) -> str | None:
    """What to do about a mail, in words and commands; nothing where there is nothing to do."""
    if delivery.state != "unknown":
        return delivery.command
    settled = (delivery.command or "").replace("etl send", "etl settle", 1)
    return (
        f"look for {delivery.message_id} in the mail server's log; if it arrived: {settled} --as accepted "
        f"--why 'it is in the log'; if not: {delivery.command}"
    )


def _job(settings: Settings, period: Period, edition: int | None, to: Sequence[str] | None, again: bool) -> _Job:
    for address in to or ():
        ascii_address(address)
    archive = shelf.of(settings)
    entries = ledger.read(archive)
    entry = edition_file.find(entries, period, edition)
    return _Job(settings, entries, entry, edition_file.variants(archive, entry), again, bool(to))


def _refuse_altered(job: _Job) -> None:
    """Raises `ArchiveBroken` where the edition is not as it was archived: no altered number goes out."""
    problems = [f"{problem.file} {problem.kind}" for problem in bag.check(job.archive, job.entry.bag)]
    if problems or bag.bag_hash(job.archive, job.entry.bag) != job.entry.bag_sha256:
        told = problems[0] if problems else "its hash is another"
        raise ArchiveBroken(f"{job.entry.bag} is not as it was archived: {told}", "", "run python -m etl verify")


def _readers(job: _Job, to: Sequence[str] | None) -> list[Recipient]:
    """Who gets the edition. An address that belongs to no audience gets the whole report in its own language."""
    listed = variants.recipients(job.settings)
    if not to:
        return list(listed.values())
    whole = [variant.language for variant in job.variants if not variant.connectors]
    own = job.settings.report.language
    language = own if own in whole or not whole else whole[0]
    asked = {recipient_key(address): address for address in to}
    return [
        replace(listed[key], address=address) if key in listed else Recipient(address, language)
        for key, address in asked.items()
    ]


def _one(job: _Job, reader: Recipient, down: str | None) -> Delivery:
    """Brings one recipient's mail as far as it goes now; `down`: why no server can be talked to."""
    mail = send_ledger.note_lost(send_ledger.read(send_ledger.folder_of(job.settings, job.entry, reader.address)))
    if not _may_begin(job, mail):
        return _as_it_stands(job, reader.address, mail)
    variant = variants.for_recipient(job.settings, reader, job.variants)
    if reason := _reason_to_wait(job, reader, variant, mail):
        if reason.state == "superseded":
            send_ledger.close(mail, str(reason.answer))
        return reason
    if variant is None or down:
        command = command_for(job.entry, job.origin, reader.address, "open")
        return Delivery(reader.address, "open", down, job.entry.edition, command=command, no_server=True)
    return _send(job, reader.address, variant, mail)


def _previewed(job: _Job, reader: Recipient) -> Delivery:
    """What `_one` would do, with the exact message; nothing is written, and nobody is talked to."""
    mail = send_ledger.read(send_ledger.folder_of(job.settings, job.entry, reader.address))
    if not _may_begin(job, mail):
        return _as_it_stands(job, reader.address, mail)
    variant = variants.for_recipient(job.settings, reader, job.variants)
    reason = _reason_to_wait(job, reader, variant, mail)
    if variant is None or reason:
        return reason or Delivery(reader.address, "no variant", None, job.entry.edition)
    composed = _compose(job, reader.address, variant)
    state = "would send" if job.named or job.origin in DELIVERED else "needs --to"
    command = None if state == "would send" else command_for(job.entry, job.origin, reader.address, "open")
    return Delivery(
        reader.address, state, None, job.entry.edition, variant.folder, composed.message_id, len(composed.content),
        composed.left_off, command=command, content=composed.content,
    )  # fmt: skip


def _may_begin(job: _Job, mail: Mail) -> bool:
    if mail.is_open:
        return True
    if not job.named:
        return False
    return mail.state in ("refused", "unknown", "closed") or (job.again and mail.state == "accepted")


def _reason_to_wait(job: _Job, reader: Recipient, variant: Variant | None, mail: Mail) -> Delivery | None:
    """Why a mail that could begin must not, if so."""

    def told(state: str, why: str, command: str | None = None) -> Delivery:
        folder = variant.folder if variant else None
        return Delivery(reader.address, state, why, job.entry.edition, folder, command=command)

    successor = job.successor
    if successor and not job.named:
        command = f"python -m etl send {job.entry.period}"
        return told("superseded", f"edition {successor.edition} took its place before it was sent", command)
    if variant is None:
        return told("no variant", "this edition holds nothing that the audience may read; the next one made will")
    if mail.last is None and not job.named and job.origin in DELIVERED and not _is_news(job, reader.address):
        return told("not needed", "the correction moves no verdict, and no number by more than correction_tolerance")
    return None


def _is_news(job: _Job, recipient: str) -> bool:
    """Whether a recipient who has not begun to get this edition should: always the first one of a period, later ones
    only where they move something against the one the recipient got last."""
    earlier = job.earlier
    if not earlier or job.origin == "scheduled":
        return True
    got = send_ledger.of_period(job.settings, earlier, recipient)
    seen = [entry for entry, mail in got if mail.state in ("accepted", "unknown", "sending")]
    if not seen:
        return any(ledger.origin(job.entries, entry) in DELIVERED for entry in earlier)
    tolerance = job.settings.report.correction_tolerance
    before, after = (edition_file.data(job.archive, entry.bag) for entry in (seen[-1], job.entry))
    return changes.must_be_told(before, after, tolerance)


def _compose(job: _Job, recipient: str, variant: Variant, budget: int | None = None) -> compose.Composed:
    got = send_ledger.of_period(job.settings, job.earlier, recipient)
    before = [mail.last.message_id for _, mail in got if mail.last and mail.state == "accepted"]
    folder = f"{job.entry.bag}/data/{variant.folder}"
    envelope = compose.Envelope(
        sender=job.settings.sender,
        sender_name=f"Transit Ledger, {job.settings.organisation.name}",
        recipient=recipient,
        entry=job.entry,
        language=variant.language,
        folder=folder,
        sent_at=periods.now(),
        reply_to=job.settings.report.reply_to,
        in_reply_to=before[-1] if before else None,
    )
    try:
        return compose.compose(envelope, variants.read_mail(job.archive.part(folder)), budget or compose.BUDGET)
    except OSError as error:
        raise ArchiveBroken(f"a file of {job.entry.bag} could not be read: {error}", "", "run verify") from error


def _send(job: _Job, recipient: str, variant: Variant, mail: Mail) -> Delivery:
    """Claims a mail, hands it over, and writes down what was said; smaller where the server finds it too large."""
    composed = _compose(job, recipient, variant)
    while True:
        claimed = send_ledger.claim(mail, _step(job, recipient, variant, composed))
        if claimed is None or claimed.last is None:
            return _as_it_stands(job, recipient, send_ledger.read(mail.folder))
        path = mail.folder / f"{claimed.number:08d}.eml"
        disk.write_atomic(path, composed.content, making_in=mail.folder.parent)
        mail, answer = _converse(job.settings, recipient, composed, claimed)
        size = len(composed.content)
        if answer.outcome == "too large":
            smaller = _compose(job, recipient, variant, min(answer.limit or size, size - 1))
            if len(smaller.content) < size:
                composed = smaller
                continue
            mail = send_ledger.conclude(mail, send_ledger.stamp(claimed.last, "refused", answer.text))
        break
    _close_earlier(job, recipient, mail)
    done = _as_it_stands(job, recipient, mail)
    spoke = answer.outcome not in ("taken by another", "no server")
    return replace(done, size=size, sent_now=spoke, no_server=answer.outcome == "no server")


def _step(job: _Job, recipient: str, variant: Variant, composed: compose.Composed) -> Step:
    return Step(
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


def _converse(
    settings: Settings, recipient: str, composed: compose.Composed, claimed: Mail
) -> tuple[Mail, smtp.Answer]:
    """Hands one message to the server; the mail as it stands then, and the answer."""
    step, current = claimed.last, claimed
    if settings.smtp is None or step is None:
        raise ValueError("a server and a claim are needed to send")

    def begin() -> bool:
        nonlocal current
        begun = send_ledger.take(claimed, send_ledger.stamp(step, "sending", held=True))
        current = begun or current
        return begun is not None

    answer = smtp.hand_over(settings.smtp, settings.sender, recipient, composed.content, begin)
    if answer.outcome == "taken by another":
        return send_ledger.read(claimed.folder), answer
    ends: dict[str, send_ledger.State] = {"accepted": "accepted", "refused": "refused", "unknown": "unknown"}
    return send_ledger.conclude(
        current, send_ledger.stamp(step, ends.get(answer.outcome, "claimed"), answer.text)
    ), answer


def _close_earlier(job: _Job, recipient: str, mail: Mail) -> None:
    """Closes what is still open of earlier editions to a recipient who has this one."""
    if mail.state == "accepted":
        for _, before in send_ledger.of_period(job.settings, job.earlier, recipient):
            send_ledger.close(before, f"edition {job.entry.edition} took its place before it was sent")


def _as_it_stands(job: _Job, recipient: str, mail: Mail) -> Delivery:
    """What the send ledger says of a mail, with the command to run about it."""
    last, state = mail.last, mail.state
    told = "open" if mail.is_open else str(state)
    answer = last.answer if last else None
    if state == "claimed" and not mail.is_open:
        answer = "another process is at it"
    if state == "unknown" and last and last.state == "sending":
        answer = send_ledger.LOST
    return Delivery(
        recipient,
        told,
        answer,
        job.entry.edition,
        last.variant if last else None,
        last.message_id if last else None,
        left_off=tuple((last.note or "").removeprefix("left off: ").split(", ")) if last and last.note else (),
        command=command_for(job.entry, job.origin, recipient, told),
    )


def command_for(entry: Entry, origin: Origin, recipient: str, state: str) -> str | None:
    """What to run about a mail in this state; nothing where there is nothing to do."""
    what = f"{entry.period} --edition {entry.edition}"
    if state in ("refused", "unknown") or (state == "open" and origin not in DELIVERED):
        return f"python -m etl send {what} --to {recipient}"
    return f"python -m etl send {what}" if state == "open" else None
