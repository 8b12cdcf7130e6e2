"""What a report says, as types: one object for all its renderings."""
