"""The DAGs: schedules, dependencies, retries and pools; the work itself is in `etl`."""
