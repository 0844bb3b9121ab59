"""SCHEDULED runs that become PENDING, RUNNING and COMPLETED, one request each, eight runs at a time.

The runs are made outside of the figure. Afterwards all of them have to be COMPLETED, with their whole history and the
events of every state.
"""

from __future__ import annotations

from benchmarks.driving.connections import request
from benchmarks.driving.requests import BOTH, FIGURES, made_runs, so_many, some, under_load, wait_for_events, warm_up
from benchmarks.limits.bare_writes import one_row_a_time
from benchmarks.row import Incorrect, Limit, Row, Sample
from benchmarks.sides import Side

_STATES = ("PENDING", "RUNNING", "COMPLETED")
_NAMES = ("Scheduled", "Pending", "Running", "Completed")


def measure(side: Side, items: int) -> Sample:
    """Of `items` runs, three requests each."""
    items = so_many(side, items)
    warm_up(side, [_proposed(side, made_runs(side, 1)[0], "FAILED", force=True)], status=201)
    run_ids = made_runs(side, items, state={"type": "SCHEDULED"})
    conversations = [[_proposed(side, run_id, state) for state in _STATES] for run_id in run_ids]
    sample = under_load(side, conversations, status=201, check=lambda body: b'"ACCEPT"' in body)
    _check(side, run_ids)
    return sample


def _proposed(side: Side, run_id: str, state: str, *, force: bool = False) -> bytes:
    return request(f"{side.api_url}/flow_runs/{run_id}/set_state", {"state": {"type": state}, "force": force})


def _check(side: Side, run_ids: list[str]) -> None:
    completed = {"flow_runs": {"id": {"any_": run_ids}, "state": {"type": {"any_": ["COMPLETED"]}}}}
    found = side.ask("/flow_runs/count", completed)
    if found != len(run_ids):
        raise Incorrect(f"{side.name}: {found} of {len(run_ids)} runs are COMPLETED")
    for run_id in some(run_ids):
        names = tuple(state["name"] for state in side.ask(f"/flow_run_states/?flow_run_id={run_id}"))
        if names != _NAMES:
            raise Incorrect(f"{side.name}: a run went through {names}")
    wait_for_events(side, some(run_ids), _NAMES)


ROW = Row(
    name="set_state",
    about="flow runs become PENDING, RUNNING and COMPLETED, over 8 connections",
    items=40,
    figures=FIGURES,
    measure=measure,
    databases=BOTH,
    limit=Limit("one row inserted and committed", one_row_a_time(writes_per_item=len(_STATES))),
)
