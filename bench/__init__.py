"""What it costs, side by side with the alternatives, on data made here: `make bench`."""
