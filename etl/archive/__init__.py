"""Editions kept for good: bags, the ledger that chains them, and the means to check both with the files alone."""
