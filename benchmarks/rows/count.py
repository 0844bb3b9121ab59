"""How many flow runs are COMPLETED and have a tag, among 400. Every answer has to be right.

The limit is a view that does nothing but count as many rows of tables that have no other columns.
"""

from __future__ import annotations

from benchmarks.driving.connections import request
from benchmarks.driving.requests import BOTH, FIGURES, so_many, under_load, warm_up
from benchmarks.given.many_runs import COMPLETED, TAG, many_runs
from benchmarks.limits.bare_count import counted
from benchmarks.row import Limit, Row, Sample
from benchmarks.sides import Side


def measure(side: Side, items: int) -> Sample:
    """Of `items` requests."""
    items = so_many(side, items)
    asked_for = {"flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}, "tags": {"all_": [TAG]}}}
    ask = request(f"{side.api_url}/flow_runs/count", asked_for)
    warm_up(side, [ask])
    right = str(COMPLETED).encode()
    return under_load(side, [[ask] for _ in range(items)], check=lambda body: body == right)


ROW = Row(
    name="count",
    about="flow runs counted, over 8 connections",
    items=200,
    figures=FIGURES,
    measure=measure,
    stage=many_runs,
    databases=BOTH,
    limit=Limit("a view that does nothing but count", counted),
)
