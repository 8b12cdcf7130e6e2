"""One frozen object for everything a site may choose: its tables (`tables`), and how they are read (`load`)."""

from etl.settings.load import CONFIG_ENV, SMTP_PASSWORD_ENV, SMTP_USER_ENV, load, parse
from etl.settings.tables import (
    TABLES,
    Alerts,
    Audience,
    Connector,
    Limits,
    Organisation,
    PolicySettings,
    ReportSettings,
    Retention,
    Review,
    Settings,
    Smtp,
    Source,
    Storage,
)

__all__ = [
    "CONFIG_ENV",
    "SMTP_PASSWORD_ENV",
    "SMTP_USER_ENV",
    "TABLES",
    "Alerts",
    "Audience",
    "Connector",
    "Limits",
    "Organisation",
    "PolicySettings",
    "ReportSettings",
    "Retention",
    "Review",
    "Settings",
    "Smtp",
    "Source",
    "Storage",
    "load",
    "parse",
]
