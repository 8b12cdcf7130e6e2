"""A connection to the configured mail server: greeted, encrypted as the settings ask, logged in."""

from __future__ import annotations

import smtplib
import ssl

from etl.settings import Smtp


def connect(smtp: Smtp, *, timeout: float = 60) -> smtplib.SMTP:
    """A server that has said hello; a context manager that says goodbye.

    Certificates are checked against the system's authorities (or those of `SSL_CERT_FILE`). Raises what `smtplib`,
    `ssl` and the network raise; with `security = "starttls"` never speaks on without TLS.
    """
    context = ssl.create_default_context()
    if smtp.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=timeout, context=context)
    else:
        server = smtplib.SMTP(smtp.host, smtp.port, timeout=timeout)
    try:
        if smtp.security == "starttls":
            server.starttls(context=context)
        if smtp.user and smtp.password:
            server.login(smtp.user, smtp.password.get_secret_value())
    except BaseException:
        server.close()
        raise
    return server
