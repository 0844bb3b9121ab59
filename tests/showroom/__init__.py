"""A server with something of everything on it, made by real runs: what the pages are looked at with."""
