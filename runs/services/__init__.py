"""Changes to runs: keyword arguments in, one transaction, one event, the object out or a named error raised."""
