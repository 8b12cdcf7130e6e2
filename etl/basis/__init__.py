"""What an edition depends on, frozen: facts, earlier sums, completeness, policy, settings."""
