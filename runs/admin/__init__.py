"""Runs in the admin: all can be read and found; states change only through the rules, so nothing is edited here."""

from runs.admin import (
    artifacts,
    background,
    bulk,
    claims,
    concurrency,
    errors,
    flows,
    hour_counts,
    logs,
    retention,
    runs,
    services,
    states,
)

__all__ = [
    "artifacts",
    "background",
    "bulk",
    "claims",
    "concurrency",
    "errors",
    "flows",
    "hour_counts",
    "logs",
    "retention",
    "runs",
    "services",
    "states",
]
