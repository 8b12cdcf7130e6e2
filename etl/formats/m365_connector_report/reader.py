"""Exchange Online, historical search of type ConnectorReport ("Inbound/Outbound Message Report"), CSV.

Microsoft publishes no header for this file. The columns' existence follows from the filters that only this report has
(Start-HistoricalSearch: -ConnectorType, -TLSUsed, -Direction, -DeliveryStatus); the names below are the house style of
its sister reports. A site adds its own header names in the source's `columns`.
"""

from etl.formats.delimited.csv_trace import CsvTrace

ALIASES = {
    "date_time": (
        "date_time_utc", "origin_timestamp_utc", "date_time", "datetime", "timestamp", "received", "received_at",
        "date",
    ),
    "direction": ("directionality", "direction", "mail_direction"),
    "connector": ("connector_name", "connector_id", "connector"),
    "connector_type": ("connector_type",),
    "forced_tls": ("forced_tls", "force_tls", "tls_forced", "tls_required"),
    "tls_version": ("tls_version", "tls_used", "tls_protocol", "tls"),
    "tls_cipher": ("tls_cipher", "cipher", "cipher_suite"),
    "sender": ("sender_address", "sender", "from_address", "mail_from"),
    "recipient": ("recipient_address", "recipient", "recipient_status", "recipients", "rcpt_to"),
    "status": ("delivery_status", "status", "recipient_status", "event"),
    "message_id": ("message_id", "internet_message_id"),
    "network_message_id": ("network_message_id", "message_trace_id"),
    "bytes": ("total_bytes", "size", "message_size", "bytes"),
    "messages": ("message_count", "messages", "count", "volume"),
}  # fmt: skip

READER = CsvTrace(
    name="m365_connector_report",
    version=7,
    aliases=ALIASES,
    required=("date_time", "direction", "tls_version"),
)
