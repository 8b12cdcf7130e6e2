"""Exchange Online's message traces: the enhanced summary (historical search) and Get-MessageTraceV2, CSV.

Volume only: neither says anything of TLS. NOTES.md says how a direction is found where none is told.
"""

from etl.formats.base import Sample
from etl.formats.delimited import csv_table
from etl.formats.delimited.csv_trace import CsvTrace

ALIASES = {
    "date_time": (
        "origin_timestamp_utc", "origin_timestamp", "received", "received (utc)", "received_utc", "received_at",
        "date_received", "date_time_utc", "date_time", "date (utc)", "date", "timestamp",
    ),
    "direction": ("directionality", "direction", "mail_direction"),
    "connector": ("connector_id", "connector_name", "connector"),
    "sender": ("sender_address", "sender", "from_address", "mail_from"),
    "recipient": ("recipient_address", "recipient", "recipient_status", "recipients", "rcpt_to"),
    "status": ("delivery_status", "status", "recipient_status"),
    "message_id": ("message_id", "internet_message_id"),
    "network_message_id": ("network_message_id", "message_trace_id"),
    "bytes": ("total_bytes", "size", "message_size", "bytes"),
}  # fmt: skip

OTHERS = ("tls_version", "tls_used", "tls", "custom_data", "event_id", "event-id", "no_tls")
"""Headers that only other reports of the same family have."""


class _MessageTrace(CsvTrace):
    def recognise(self, sample: Sample) -> bool:
        """Whether the first line is a header of a trace with an id or a status, and of no report that says more."""
        if not super().recognise(sample):
            return False
        _, cells = csv_table.header(sample.head)
        folded = {csv_table.fold(cell) for cell in cells}
        found = csv_table.match(cells, self.aliases)
        return ("network_message_id" in found or "status" in found) and not folded & set(map(csv_table.fold, OTHERS))


READER = _MessageTrace(
    name="m365_message_trace",
    version=4,
    aliases=ALIASES,
    required=("date_time", "sender", "recipient"),
    for_tls="take m365_trace_detail (Start-HistoricalSearch -ReportType MessageTraceDetail)",
    limits=(1_000, 5_000, 50_000, 100_000),
)
