"""The send ledger: what became of each edition's mail to each recipient, append-only, beside the archive.

`deliveries/2026/W47/e1/<recipient>/00000001.json` and on: every step is a file created exclusively as the next number,
so of two processes that take the same step one wins and the other sees it; nothing is locked, and a process killed
anywhere leaves whole steps. A recipient's folder is named by the hash of the address. Steps:

- `claimed`: nothing has been said to a server. Held by a process, or (without `holder`) open, because the server asked
  to try again. A claim whose process is gone, or that is older than `CLAIM_SECONDS`, may be taken up by another.
- `sending`: from the first byte of DATA. Where the process that sent it is gone, nobody knows: it becomes `unknown`.
- `accepted`, `refused`: with the server's answer. `unknown`: never guessed; people decide (`python -m etl settle`).
- `closed`: nothing more is to be done, because a person said so or a later edition took the mail's place.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from etl.archive.ledger import Entry
from etl.common import disk, periods
from etl.common.addresses import recipient_key
from etl.common.errors import ArchiveBroken
from etl.settings import Settings

State = Literal["claimed", "sending", "accepted", "refused", "unknown", "closed"]
DONE: tuple[State, ...] = ("accepted", "closed")
"""States in which nothing is left to do."""

CLAIM_SECONDS = 15 * 60
"""How long a claim is respected. Taking up one too early does no harm: its holder sees that before it says DATA."""
SENDING_SECONDS = 60 * 60
"""How long a process that can't be looked at is believed to be still sending; longer than any time-out of SMTP."""

LOST = "the sending process ended before the server's answer was noted"


@dataclass(frozen=True)
class Holder:
    """A process: machine, its boot, its process namespace, process id and start (ids are used again)."""

    host: str
    boot: str
    namespace: str
    pid: int
    started: str


@dataclass(frozen=True)
class Step:
    """One step of one mail. `at` is UTC; `ledger_hash` names the edition's entry; `note` says what was left off."""

    recipient: str
    period: str
    edition: int
    ledger_hash: str
    variant: str
    message_id: str
    state: State
    at: str
    holder: Holder | None = None
    answer: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Mail:
    """All that is known of one mail: its folder, and its last step."""

    folder: Path
    number: int
    last: Step | None

    @property
    def state(self) -> State | None:
        """Where it stands: `unknown` for one that was being sent by a process that is gone."""
        if self.last is None:
            return None
        if self.last.state == "sending" and not is_held(self.last, SENDING_SECONDS):
            return "unknown"
        return self.last.state

    @property
    def is_open(self) -> bool:
        """Whether it may be taken up: never begun, or claimed and held by nobody alive."""
        if self.last is None:
            return True
        return self.last.state == "claimed" and not is_held(self.last, CLAIM_SECONDS)


def folder_of(settings: Settings, entry: Entry, recipient: str) -> Path:
    """Where the steps of an edition's mail to `recipient` lie."""
    return settings.storage.deliveries_path / entry.bag / recipient_key(recipient)


def read(folder: Path) -> Mail:
    """What is known of the mail whose steps lie in `folder`."""
    numbers = sorted(int(path.stem) for path in folder.glob("*.json") if path.stem.isdigit())
    if not numbers:
        return Mail(folder, 0, None)
    return Mail(folder, numbers[-1], _step(folder / f"{numbers[-1]:08d}.json"))


def history(folder: Path) -> list[Step]:
    """All steps of one mail, in order."""
    return [_step(path) for path in sorted(folder.glob("*.json")) if path.stem.isdigit()]


def everything(settings: Settings) -> Iterator[Mail]:
    """Every mail of every edition, in the order of their folders."""
    root = settings.storage.deliveries_path
    for folder in sorted(path for path in root.glob("[0-9]*/*/e*/*") if path.is_dir()):
        mail = read(folder)
        if mail.last is not None:
            yield mail


def of_period(settings: Settings, entries: list[Entry], recipient: str) -> list[tuple[Entry, Mail]]:
    """The mails to `recipient` about the editions in `entries`, in their order; those begun only."""
    found = [(entry, read(folder_of(settings, entry, recipient))) for entry in entries]
    return [(entry, mail) for entry, mail in found if mail.last is not None]


def take(mail: Mail, step: Step) -> Mail | None:
    """Writes `step` as the next of `mail`; nothing where another process took the next step first."""
    try:
        path = mail.folder / f"{mail.number + 1:08d}.json"
        disk.write_new(path, _dump(step), making_in=mail.folder.parent)
    except FileExistsError:
        return None
    return Mail(mail.folder, mail.number + 1, step)


def conclude(mail: Mail, step: Step) -> Mail:
    """Writes what a server answered, whatever others noted meanwhile: the process that heard it knows best."""
    while (done := take(mail, step)) is None:
        mail = read(mail.folder)
    return done


def claim(mail: Mail, step: Step) -> Mail | None:
    """Claims a mail for this process; nothing where another was first."""
    return take(mail, replace(step, state="claimed", holder=this_process(), at=_now()))


def stamp(step: Step, state: State, answer: str | None = None, *, held: bool = False) -> Step:
    """`step` moved on to `state`, now."""
    return replace(step, state=state, at=_now(), answer=answer, holder=this_process() if held else None)


def note_lost(mail: Mail) -> Mail:
    """Writes `unknown` for a mail that was being sent by a process that is gone; gives others back as they are."""
    if mail.last is None or mail.last.state != "sending" or mail.state != "unknown":
        return mail
    return take(mail, stamp(mail.last, "unknown", LOST)) or read(mail.folder)


def close(mail: Mail, why: str) -> Mail:
    """Writes `closed` for a mail that is open, unless another process takes it up at the same moment."""
    if mail.last is None or not mail.is_open:
        return mail
    return take(mail, stamp(mail.last, "closed", why)) or read(mail.folder)


def is_held(step: Step, seconds: int) -> bool:
    """Whether the process that took `step` can still be at it."""
    holder = step.holder
    if holder is None:
        return False
    age = periods.now() - periods.parse_instant(step.at)
    if age.total_seconds() >= seconds:
        return False
    here = this_process()
    if holder.host == here.host and holder.boot != here.boot:
        return False
    if (holder.host, holder.boot, holder.namespace) == (here.host, here.boot, here.namespace):
        return _started(holder.pid) == holder.started
    return True


def this_process() -> Holder:
    """The process that asks."""
    boot, namespace = "", ""
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    with suppress(OSError):
        namespace = str(Path("/proc/self/ns/pid").readlink())
    return Holder(socket.gethostname(), boot, namespace, os.getpid(), _started(os.getpid()) or "")


def _started(pid: int) -> str | None:
    """When a process began (in the kernel's ticks); nothing if there is none, or only its remains."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    rest = stat.rpartition(")")[2].split()
    return None if rest[0] in ("Z", "X") else rest[19]


def _now() -> str:
    return periods.instant(periods.now())


def _step(path: Path) -> Step:
    try:
        raw: dict[str, Any] = json.loads(path.read_bytes())
        holder = raw.pop("holder")
        return Step(**raw, holder=Holder(**holder) if holder else None)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise ArchiveBroken(
            f"the send ledger's file {path} is damaged: {error}",
            "a step as it was written",
            "restore it from a copy; without it nobody knows whether that mail went out",
        ) from error


def _dump(step: Step) -> bytes:
    return (json.dumps(asdict(step), ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()
