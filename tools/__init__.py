"""What stands behind the Makefile's targets; no part of the program."""
