"""Orchestrator and the real Prefect server, measured in one run, on the same work: `make bench`."""
