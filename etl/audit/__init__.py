"""For those who have to believe it: verify, reproduce, explain."""
