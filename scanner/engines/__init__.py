"""Where shards are run."""
