"""What every stage may use: errors, the clock and its zones, the disk, DuckDB, words that must agree."""
