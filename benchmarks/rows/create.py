"""Flow runs that are made, PENDING, with parameters and tags, as a program makes them that calls a flow.

Afterwards all of them have to be there, with their tags and their first event.
"""

from __future__ import annotations

import json

from benchmarks.driving.requests import (
    BOTH,
    FIGURES,
    flow_of,
    new_run,
    so_many,
    some,
    under_load,
    wait_for_events,
    warm_up,
)
from benchmarks.limits.bare_writes import one_row_a_time
from benchmarks.row import Incorrect, Limit, Row, Sample
from benchmarks.sides import Side

_ASKED_AT_ONCE = 100


def measure(side: Side, items: int) -> Sample:
    """Of `items` requests."""
    items = so_many(side, items)
    made: list[bytes] = []
    new = new_run(side, flow_of(side))
    warm_up(side, [new], status=201)

    def keep(body: bytes) -> bool:
        made.append(body)
        return True

    sample = under_load(side, [[new] for _ in range(items)], status=201, check=keep)
    _check(side, [json.loads(body)["id"] for body in made])
    return sample


def _check(side: Side, run_ids: list[str]) -> None:
    found = 0
    for start in range(0, len(run_ids), _ASKED_AT_ONCE):
        of_these = {"id": {"any_": run_ids[start : start + _ASKED_AT_ONCE]}, "tags": {"all_": ["bench", "north"]}}
        found += side.ask("/flow_runs/count", {"flow_runs": {**of_these, "state": {"type": {"any_": ["PENDING"]}}}})
    if (found, len(set(run_ids))) != (len(run_ids), len(run_ids)):
        raise Incorrect(f"{side.name}: {found} of {len(run_ids)} runs are there")
    wait_for_events(side, some(run_ids), ["Pending"])


ROW = Row(
    name="create",
    about="flow runs made, over 8 connections",
    items=100,
    figures=FIGURES,
    measure=measure,
    databases=BOTH,
    limit=Limit("one row inserted and committed", one_row_a_time()),
)
