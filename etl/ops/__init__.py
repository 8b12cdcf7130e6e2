"""For those who run it: status, checks, alerts, retention, backfills."""
