"""The day's facts as a good engineer would make them with polars: one lazy query, streamed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl

VERSIONS = {"No Tls": "No TLS", "TLS1.0": "TLS 1.0", "TLS1.2": "TLS 1.2", "TLS1.3": "TLS 1.3"}
FIRST, LAST = datetime(2026, 11, 15, 23, tzinfo=UTC), datetime(2026, 11, 16, 23, tzinfo=UTC)
DELIVERY = ["direction", "connector", "network_message_id", "recipient"]
GRAIN = ["direction", "connector", "partner_domain", "tls_version", "tls_cipher"]


def facts(export: Path) -> pl.DataFrame:
    """Messages, recipients and bytes by direction, connector, partner domain, TLS version and cipher."""
    inbound = pl.col("directionality") == "Received"
    at = pl.col("date_time_utc").str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_zone="UTC")
    version = pl.col("tls_version").replace_strict(VERSIONS, default="Unknown")
    rows = (
        pl.scan_csv(export, infer_schema=False, empty_string_is_null=False)
        .filter(~pl.col("delivery_status").is_in(["Failed", "Expanded"]) & (at >= FIRST) & (at < LAST))
        .select(
            pl.when(inbound).then(pl.lit("inbound")).otherwise(pl.lit("outbound")).alias("direction"),
            pl.when(pl.col("connector_name") == "").then(pl.lit("No connector")).otherwise("connector_name")
            .alias("connector"),
            pl.when(inbound).then("sender_address").otherwise("recipient_address")
            .str.split_exact("@", 1).struct.field("field_1").str.to_lowercase().alias("partner_domain"),
            version.alias("tls_version"),
            pl.when(version == "No TLS").then(pl.lit("none"))
            .when(pl.col("tls_cipher") == "").then(pl.lit("Unknown")).otherwise("tls_cipher").alias("tls_cipher"),
            "network_message_id",
            pl.col("recipient_address").str.to_lowercase().alias("recipient"),
            pl.col("total_bytes").cast(pl.Int64).alias("bytes"),
        )
    )  # fmt: skip
    says = (pl.col("tls_version") != "Unknown").cast(pl.Int8) * 2 + (
        ~pl.col("tls_cipher").is_in(["Unknown", "none"])
    ).cast(pl.Int8)
    told = pl.struct(says.alias("says"), "tls_version", "tls_cipher", "partner_domain")
    deliveries = rows.group_by(DELIVERY).agg(told.sort().last().alias("best"), pl.col("bytes").max()).unnest("best")
    transfers = deliveries.group_by([*GRAIN, "network_message_id"]).agg(
        pl.len().alias("recipients"), pl.col("bytes").max()
    )
    summed = transfers.group_by(GRAIN).agg(
        pl.len().cast(pl.Int64).alias("messages"),
        pl.col("recipients").sum().cast(pl.Int64),
        pl.col("bytes").sum(),
    )
    return summed.collect(engine="streaming")
