"""Scenarios that the unmodified Prefect 3 client plays against a server as a user starts it."""
