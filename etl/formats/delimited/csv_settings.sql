-- The planner takes a CSV file of unknown length for a small one and would hold all of it in memory to join it with a few
-- thousand days: the small tables stand on the right, and that side is to be the one that is held.
set disabled_optimizers = 'build_side_probe_side';
