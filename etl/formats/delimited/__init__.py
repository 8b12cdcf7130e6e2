"""Exports with a header and a record in each row (CSV and its kin), for the formats that share them."""
