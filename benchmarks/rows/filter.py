"""Pages of 200 flow runs, the newest COMPLETED ones of a tag, as the list of runs asks for them, among 400.

Every page has to hold 200 runs, and the same ones that were made.
"""

from __future__ import annotations

import json

from benchmarks.driving.connections import request
from benchmarks.driving.requests import BOTH, FIGURES, so_many, under_load, warm_up
from benchmarks.given.many_runs import TAG, many_runs
from benchmarks.limits.empty_view import asked
from benchmarks.row import Incorrect, Limit, Row, Sample
from benchmarks.sides import Side

PAGE = 200


def measure(side: Side, items: int) -> Sample:
    """Of `items` requests."""
    items = so_many(side, items)
    ask = request(
        f"{side.api_url}/flow_runs/filter",
        {
            "flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}, "tags": {"all_": [TAG]}},
            "sort": "START_TIME_DESC",
            "limit": PAGE,
        },
    )
    warm_up(side, [ask])
    last = b""

    def is_whole(body: bytes) -> bool:
        nonlocal last
        last = body
        return body.count(b'"idempotency_key"') == PAGE

    sample = under_load(side, [[ask] for _ in range(items)], check=is_whole)
    _check(side, last)
    return sample


def _check(side: Side, body: bytes) -> None:
    runs = json.loads(body)
    times = [run["start_time"] or run["expected_start_time"] for run in runs]
    wrong = [run for run in runs if run["state_type"] != "COMPLETED" or TAG not in run["tags"]]
    if len({run["id"] for run in runs}) != PAGE or wrong or times != sorted(times, reverse=True):
        raise Incorrect(f"{side.name}: the page is not that of the newest {PAGE}")


ROW = Row(
    name="filter",
    about=f"pages of {PAGE} flow runs, over 8 connections",
    items=60,
    figures=FIGURES,
    measure=measure,
    stage=many_runs,
    databases=BOTH,
    limit=Limit("an empty ASGI view", asked),
)
