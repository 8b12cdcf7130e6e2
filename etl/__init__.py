"""Transit Ledger: provable evidence of how mail was protected in transit.

The rooms stand in the order of the data: each imports those before it in `ORDER`, and none after it. Nothing here
imports Airflow; `dags/` and `cli` call the same functions, `chain` first among them.
"""

__version__ = "0.1.0"

ORDER = (
    "common", "reference", "formats", "settings",
    "landing", "staging", "facts", "warehouse",
    "model", "measures", "insights", "basis", "report",
    "archive", "delivery", "ops", "audit", "chain", "cli",
)  # fmt: skip
"""What lies beside what, from the export to the commands."""
