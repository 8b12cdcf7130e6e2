"""Drawings of a report: SVG written directly, the same bytes each time."""
