"""Transit Ledger: provable evidence of how mail was protected in transit.

The modules follow the data: landing, staging, facts, warehouse, measures, insights, report, archive, delivery.
Nothing here imports Airflow; `dags/` and `cli.py` call the same functions.
"""

__version__ = "0.1.0"
