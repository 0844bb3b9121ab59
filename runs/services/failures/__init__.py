"""What went wrong with a run, in columns of its own: stored once, when it fails, so that no list looks into logs."""
