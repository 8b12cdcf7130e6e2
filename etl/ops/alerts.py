"""Short mails to those who keep the job running. Readers of reports never get one."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid

from etl.common import periods
from etl.common.errors import DeliveryDelayed
from etl.common.masking import mask
from etl.delivery import smtp
from etl.settings import Settings

_LONGEST = 20_000


def compose(settings: Settings, recipient: str, subject: str, text: str) -> EmailMessage:
    """The alert as a message to one recipient; addresses in `text` are masked, line breaks in `subject` removed."""
    if settings.smtp is None:
        raise ValueError("an alert needs [smtp]")
    message = EmailMessage(SMTP)
    message["From"] = settings.sender
    message["To"] = recipient
    message["Subject"] = " ".join(f"[transit-ledger] {subject}".split())[:200]
    message["Date"] = format_datetime(periods.now())
    message["Message-ID"] = make_msgid(domain=settings.sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mask(text)[:_LONGEST], cte="quoted-printable")
    return message


def send(settings: Settings, *, subject: str, text: str) -> int:
    """Sends the alert to each of `[alerts] recipients`; how many there were. Without them, or without `[smtp]`, none.

    One whom the server refuses does not keep the others from getting theirs. Raises `DeliveryDelayed` at the end with
    what became of each who got none.
    """
    if settings.smtp is None:
        return 0
    told = []
    for recipient in settings.alerts.recipients:
        content = compose(settings, recipient, subject, text).as_bytes()
        answer = smtp.hand_over(settings.smtp, settings.sender, recipient, content, begin=lambda: True)
        if answer.outcome != "accepted":
            told.append(f"{recipient}: {answer.outcome}: {answer.text}")
        if answer.outcome == "no server":
            break
    if told:
        raise DeliveryDelayed(
            f"the alert could not be sent to all: {'; '.join(told)}", "", "look at [smtp]; the log has the alert"
        )
    return len(settings.alerts.recipients)
