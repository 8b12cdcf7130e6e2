"""How an export is written: the columns, words, encodings and packings that sites have been seen to use."""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from traffic import Row

HOUSE = (
    "date_time_utc", "directionality", "connector_name", "connector_type", "forced_tls", "tls_version", "tls_cipher",
    "sender_address", "recipient_address", "message_id", "network_message_id", "recipient_status", "total_bytes",
    "message_subject",
)  # fmt: skip
OLDER = (
    "origin_timestamp_utc", "directionality", "connector_id", "connector_type", "forced_tls", "tls_used", "tls_cipher",
    "sender_address", "recipient_address", "message_id", "network_message_id", "recipient_status", "total_bytes",
    "message_subject",
)  # fmt: skip
SPACED = (
    "Date Time UTC", "Direction", "Connector Name", "Connector Type", "Forced TLS", "TLS Version", "TLS Cipher",
    "Sender Address", "Recipient Address", "Message ID", "Network Message ID", "Delivery Status", "Total Bytes",
    "Message Subject",
)  # fmt: skip

RECEIVED = {"inbound": "Received", "outbound": "Sent"}
INBOUND = {"inbound": "Inbound", "outbound": "Outbound"}

SERVICE = {
    "No TLS": "No Tls", "TLS 1.0": "TLS1.0", "TLS 1.1": "TLS1.1", "TLS 1.2": "TLS1.2", "TLS 1.3": "TLS1.3",
    "SSL 3.0": "SSLv3",
}  # fmt: skip
ADMIN_CENTER = {"SSL 3.0": "SSLv3"}
"""The admin center's spelling is the report's own (`No TLS`, `TLS 1.2`)."""


def iso_milliseconds(instant: int) -> str:
    """`2026-10-19T06:12:33.123Z`."""
    return f"{_moment(instant):%Y-%m-%dT%H:%M:%S}.{instant % 1000:03d}Z"


def iso_seconds(instant: int) -> str:
    """`2026-10-19T06:12:33Z`: cut, not rounded."""
    return f"{_moment(instant):%Y-%m-%dT%H:%M:%SZ}"


def american(instant: int) -> str:
    """`10/31/2026 7:05:12 AM`."""
    moment = _moment(instant)
    half = "AM" if moment.hour < 12 else "PM"
    return f"{moment.month}/{moment.day}/{moment.year} {moment.hour % 12 or 12}:{moment:%M:%S} {half}"


def _moment(instant: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=instant)


@dataclass(frozen=True)
class Style:
    """How one export looks. `mark` is the byte order mark in front, if any."""

    columns: tuple[str, ...] = HOUSE
    delimiter: str = ","
    encoding: str = "utf-8"
    mark: bytes = b""
    time: Callable[[int], str] = iso_milliseconds
    directions: Mapping[str, str] = field(default_factory=RECEIVED.copy)
    versions: Mapping[str, str] = field(default_factory=SERVICE.copy)


def content(rows: Iterable[Row], style: Style) -> bytes:
    """The export's bytes before packing: a header and a record for each row, ended by CR and LF."""
    text = io.StringIO(newline="")
    out = csv.writer(text, delimiter=style.delimiter, lineterminator="\r\n")
    out.writerow(style.columns)
    out.writerows(_fields(row, style) for row in rows)
    return style.mark + text.getvalue().encode(style.encoding)


def _fields(row: Row, style: Style) -> list[str]:
    connector = row.connector
    fields = [
        style.time(row.instant), style.directions[connector.direction], connector.name, connector.kind,
        "" if connector.forced_tls is None else str(connector.forced_tls), style.versions.get(row.tls, row.tls),
        row.cipher, row.sender, row.recipient, row.message_id, row.network_message_id, row.status,
        "" if row.size is None else str(row.size), row.subject,
    ]  # fmt: skip
    return DAMAGE[row.damage](fields) if row.damage else fields


DAMAGE: dict[str, Callable[[list[str]], list[str]]] = {
    "no such date": lambda fields: ["2026-11-31T08:15:00.000Z", *fields[1:]],
    "not a date": lambda fields: ["yesterday", *fields[1:]],
    "no date": lambda fields: ["", *fields[1:]],
    "unknown direction": lambda fields: [fields[0], "Sideways", *fields[2:]],
    "too few fields": lambda fields: fields[:6],
    "too many fields": lambda fields: [*fields, "surplus", "surplus"],
}
"""What makes a record unreadable."""


def packed(data: bytes, name: str) -> bytes:
    """`data` as a file called `name` holds it: gzip without name or time, zip with one member, or plain."""
    if name.endswith(".gz"):
        deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
        tail = zlib.crc32(data).to_bytes(4, "little") + (len(data) & 0xFFFFFFFF).to_bytes(4, "little")
        return head + deflate.compress(data) + deflate.flush() + tail
    if name.endswith(".zip"):
        buffer = io.BytesIO()
        member = zipfile.ZipInfo(name.removesuffix(".zip"), (1980, 1, 1, 0, 0, 0))
        member.compress_type = zipfile.ZIP_DEFLATED
        member.create_system = 3
        member.external_attr = 0o644 << 16
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(member, data, compresslevel=9)
        return buffer.getvalue()
    return data
