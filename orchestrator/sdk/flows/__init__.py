"""`@flow`: its definition, one run of it, and where it is found again."""
