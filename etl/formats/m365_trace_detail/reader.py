"""Exchange Online's extended message trace (historical search, MessageTraceDetail), CSV: TLS and connector per message.

A message is about 16 rows; one of them is the hop that crossed the border. NOTES.md says which, and what `custom_data`
holds.
"""

from typing import Any

from etl.formats.base import Job
from etl.formats.delimited.csv_table import Table
from etl.formats.delimited.csv_trace import CsvTrace

ALIASES = {
    "date_time": ("date_time_utc", "date_time", "datetime", "timestamp", "date"),
    "source": ("source",),
    "event_id": ("event_id", "event"),
    "custom_data": ("custom_data",),
    "direction": ("directionality", "direction"),
    "connector_id": ("connector_id",),
    "sender": ("sender_address", "sender"),
    "return_path": ("return_path", "mail_from"),
    "recipient": ("recipient_address", "recipients", "recipient"),
    "status": ("recipient_status",),
    "message_id": ("message_id", "internet_message_id"),
    "network_message_id": ("network_message_id", "message_trace_id"),
    "bytes": ("total_bytes", "size"),
}


class _TraceDetail(CsvTrace):
    def variables(self, job: Job, table: Table) -> dict[str, Any]:  # noqa: ARG002  what the base asks for
        """Whether `connector_id` names the connector where `custom_data` names none."""
        return {"takes_connector_id": job.reading.options.get("connector_id") is True}


READER = _TraceDetail(
    name="m365_trace_detail",
    version=5,
    aliases=ALIASES,
    required=("date_time", "source", "event_id", "custom_data"),
    of_events=True,
    limits=(1_000, 50_000, 100_000),
)
