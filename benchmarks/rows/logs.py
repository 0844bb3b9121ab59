"""Log lines, 50 in each request, of a run for each connection.

Afterwards every line has to be there, as it was sent.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from benchmarks.driving.connections import CONNECTIONS, request
from benchmarks.driving.requests import BOTH, FIGURES, made_runs, so_many, under_load, warm_up
from benchmarks.limits.bare_writes import one_row_a_time
from benchmarks.row import Incorrect, Limit, Row, Sample
from benchmarks.sides import Side

LINES = 50
_PAGE = 200


def measure(side: Side, items: int) -> Sample:
    """Of `items` requests."""
    items = so_many(side, items)
    warm_up(side, [_batch(side, made_runs(side, 1)[0], 0)], status=201)
    run_ids = made_runs(side, min(CONNECTIONS, items))
    batches = [[_batch(side, run_ids[number % len(run_ids)], number)] for number in range(items)]
    sample = under_load(side, batches, status=201)
    for place, run_id in enumerate(run_ids):
        _check(side, run_id, [number for number in range(items) if number % len(run_ids) == place])
    return sample


def _batch(side: Side, run_id: str, number: int) -> bytes:
    began = datetime.now(UTC)
    lines = [
        {
            "name": "prefect.flow_runs",
            "level": 20,
            "message": _message(number, line),
            "timestamp": (began + timedelta(microseconds=line)).isoformat(),
            "flow_run_id": run_id,
        }
        for line in range(LINES)
    ]
    return request(f"{side.api_url}/logs/", lines)


def _message(number: int, line: int) -> str:
    return f"Batch {number}, line {line}: 1,024 rows of table 'orders' were read from the warehouse in 0.25 seconds"


def _check(side: Side, run_id: str, numbers: list[int]) -> None:
    wanted = {_message(number, line) for number in numbers for line in range(LINES)}
    found: list[str] = []
    of_run = {"logs": {"flow_run_id": {"any_": [run_id]}}, "sort": "TIMESTAMP_ASC", "limit": _PAGE}
    while page := side.ask("/logs/filter", {**of_run, "offset": len(found)}):
        found += [line["message"] for line in page]
    if len(found) != len(wanted) or set(found) != wanted:
        raise Incorrect(f"{side.name}: of {len(wanted)} lines of a run {len(wanted & set(found))} were stored")


ROW = Row(
    name="logs",
    about=f"log lines, {LINES} a request, over 8 connections",
    items=100,
    figures=FIGURES,
    measure=measure,
    databases=BOTH,
    limit=Limit(f"{LINES} rows inserted and committed", one_row_a_time(rows=LINES)),
)
