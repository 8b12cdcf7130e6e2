"""Short mails to those who keep the job running. Readers of reports never get one."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from etl import periods, smtp
from etl.errors import DeliveryDelayed
from etl.masking import mask
from etl.settings import Settings

_LONGEST = 20_000


def compose(settings: Settings, recipient: str, subject: str, text: str) -> EmailMessage:
    """The alert as a message to one recipient; addresses in `text` are masked, line breaks in `subject` removed."""
    if settings.smtp is None:
        raise ValueError("an alert needs [smtp]")
    message = EmailMessage()
    message["From"] = settings.smtp.sender
    message["To"] = recipient
    message["Subject"] = " ".join(f"[transit-ledger] {subject}".split())[:200]
    message["Date"] = format_datetime(periods.now())
    message["Message-ID"] = make_msgid(domain=str(settings.smtp.sender).rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mask(text)[:_LONGEST])
    return message


def send(settings: Settings, *, subject: str, text: str) -> int:
    """Sends the alert to each of `[alerts] recipients`; how many there were. Without them, or without `[smtp]`, none.

    Raises `DeliveryDelayed` where the server can't be reached or refuses all.
    """
    if settings.smtp is None or not settings.alerts.recipients:
        return 0
    try:
        with smtp.connect(settings.smtp) as server:
            for recipient in settings.alerts.recipients:
                server.send_message(compose(settings, recipient, subject, text))
    except (OSError, smtplib.SMTPException) as error:
        raise DeliveryDelayed(
            f"the alert could not be sent: {error}", "", "look at [smtp]; the log has the alert"
        ) from None
    return len(settings.alerts.recipients)
