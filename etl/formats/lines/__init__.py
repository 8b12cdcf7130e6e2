"""Logs, a record in each line, for the formats that share them."""
