"""From cells to column types: kernels, profiles that merge, verdicts."""
