"""The day's facts as a good engineer would make them with pandas: columns needed, Arrow strings, categories."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

USED = [
    "date_time_utc", "directionality", "connector_name", "tls_version", "tls_cipher", "sender_address",
    "recipient_address", "network_message_id", "delivery_status", "total_bytes",
]  # fmt: skip
VERSIONS = {"No Tls": "No TLS", "TLS1.0": "TLS 1.0", "TLS1.2": "TLS 1.2", "TLS1.3": "TLS 1.3"}
FIRST, LAST = pd.Timestamp("2026-11-15T23:00:00Z"), pd.Timestamp("2026-11-16T23:00:00Z")
DELIVERY = ["direction", "connector", "network_message_id", "recipient"]
GRAIN = ["direction", "connector", "partner_domain", "tls_version", "tls_cipher"]


def facts(export: Path) -> pd.DataFrame:
    """Messages, recipients and bytes by direction, connector, partner domain, TLS version and cipher."""
    raw = pd.read_csv(export, usecols=USED, engine="pyarrow", dtype="string[pyarrow]", keep_default_na=False).fillna("")
    at = pd.to_datetime(raw["date_time_utc"], utc=True)
    raw = raw[~raw["delivery_status"].isin(["Failed", "Expanded"]) & (at >= FIRST) & (at < LAST)]
    inbound = raw["directionality"] == "Received"
    partner = raw["sender_address"].where(inbound, raw["recipient_address"])
    version = raw["tls_version"].map(VERSIONS).fillna("Unknown")
    cipher = raw["tls_cipher"].where(raw["tls_cipher"] != "", "Unknown").where(version != "No TLS", "none")
    rows = pd.DataFrame(
        {
            "direction": inbound.map({True: "inbound", False: "outbound"}).astype("category"),
            "connector": raw["connector_name"].where(raw["connector_name"] != "", "No connector").astype("category"),
            "partner_domain": partner.str.split("@", n=1).str[-1].str.lower(),
            "tls_version": version.astype("category"),
            "tls_cipher": cipher.astype("category"),
            "network_message_id": raw["network_message_id"],
            "recipient": raw["recipient_address"].str.lower(),
            "bytes": raw["total_bytes"].astype("int64"),
        }
    )
    rows["says"] = (rows["tls_version"] != "Unknown") * 2 + ~rows["tls_cipher"].isin(["Unknown", "none"])
    best = rows.sort_values(["says", "tls_version", "tls_cipher", "bytes"]).drop_duplicates(DELIVERY, keep="last")
    transfers = best.groupby([*GRAIN, "network_message_id"], observed=True, sort=False).agg(
        recipients=("recipient", "size"), bytes=("bytes", "max")
    )
    summed = transfers.groupby(GRAIN, observed=True).agg(
        messages=("recipients", "size"), recipients=("recipients", "sum"), bytes=("bytes", "sum")
    )
    return summed.reset_index().astype(dict.fromkeys(GRAIN, "string"))
