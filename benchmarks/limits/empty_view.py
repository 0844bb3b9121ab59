"""A limit: a view that does nothing, asked in the same way."""

from __future__ import annotations

from benchmarks.databases import Database
from benchmarks.driving.connections import request, send
from benchmarks.limits.serving import serving
from benchmarks.row import Sample


def asked(database: Database, items: int) -> Sample:
    """Of ten times as many requests, as each takes so little."""
    with serving("empty_view") as url:
        load = send(url, [[request(url, {})] for _ in range(items * 10)], status=200)
        return {"requests": load.requests_per_second, "p95": load.p95_ms}
