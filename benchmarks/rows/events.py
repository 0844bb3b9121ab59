"""Events in over eight websockets: from the first byte until the server answers that it has every one.

Plain events are counted by name and by resource, so none is missing and none is there twice. Those of task runs count
once every task run is COMPLETED and their events are in the log as well.

The real server keeps events in queues of 10,000 for each of its services and drops what does not fit. A sample stays
below that, and its log is read: who dropped anything did not do the work. Its last events wait up to five seconds for a
batch to fill; that is in its figure, and why a sample takes it several times as long.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from uuid import uuid4

from benchmarks.databases import POSTGRESQL, SQLITE
from benchmarks.driving.event_sockets import event_sockets, framed, sending
from benchmarks.given.reported_events import custom_event, life_of_a_task_run
from benchmarks.limits.event_inserts import insert_events
from benchmarks.row import Figure, Incorrect, Limit, Row, Sample
from benchmarks.sides import Side

CONNECTIONS = 8
STATES = 3  # events of one task run
_RESOURCES = 400  # that plain events are about; the server tells how many it has of each
_STANDSTILL_SECONDS = 60.0  # without one more: the rest will not come
_LEAST_PAUSE_SECONDS = 0.01  # between two questions; it grows, so that asking costs a small share
_PAUSE_SHARE = 0.03


def measure(side: Side, items: int) -> Sample:
    """`items` are the plain events; a sixth as many events tell of task runs."""
    task_runs = max(1, items // 6 // STATES)
    sample = {"events": _plain(side, items), "of task runs": _of_task_runs(side, task_runs)}
    _check_nothing_was_dropped(side)
    return sample


def _plain(side: Side, items: int) -> float:
    name = f"bench.order.{uuid4().hex[:8]}"
    about = [f"{name}.{number % _RESOURCES}" for number in range(items)]
    events = [custom_event(name, resource_id, number) for number, resource_id in enumerate(about)]
    shares = [events[at::CONNECTIONS] for at in range(CONNECTIONS)]
    seconds = _seconds_until_all_are_there(side, shares, [(partial(_count, side, _named(name)), items)])
    found = {row["value"]: row["count"] for row in side.ask("/events/count-by/resource", _named(name))}
    if found != Counter(about):
        raise Incorrect(f"{side.name}: of {items} events it has {sum(found.values())}, or other ones")
    return items / seconds


def _of_task_runs(side: Side, task_runs: int) -> float:
    flow = side.ask("/flows/", {"name": "bench-events"})["id"]
    flow_run = side.ask("/flow_runs/", {"flow_id": flow, "state": {"type": "RUNNING"}})["id"]
    lives = [list(life_of_a_task_run(flow_run, number)) for number in range(task_runs)]
    shares = [[event for life in lives[at::CONNECTIONS] for event in life] for at in range(CONNECTIONS)]
    of_flow_run = {"flow_runs": {"id": {"any_": [flow_run]}}}
    completed = {**of_flow_run, "task_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}

    around = {"event": {"prefix": ["prefect.task-run."]}, "related": {"id": [f"prefect.flow-run.{flow_run}"]}}
    ends = [
        (partial(_count, side, {"filter": around}), STATES * task_runs),
        (partial(side.ask, "/task_runs/count", completed), task_runs),
    ]
    seconds = _seconds_until_all_are_there(side, shares, ends)
    _check_task_runs(side, of_flow_run, task_runs, lives[-1])
    return STATES * task_runs / seconds


def _named(name: str) -> dict[str, Any]:
    return {"filter": {"event": {"name": [name]}}}


def _seconds_until_all_are_there(
    side: Side, shares: list[list[dict[str, Any]]], ends: Sequence[tuple[Callable[[], int], int]]
) -> float:
    """Sends each share on a socket of its own, until what each of the `ends` asks comes to its number. Raises Incorrect
    when one does not.
    """
    bursts = [framed(share) for share in shares]
    with event_sockets(side, CONNECTIONS) as sockets:
        began = time.perf_counter()
        with sending(sockets, bursts):
            for ask, wanted in ends:
                _wait(side, ask, wanted)
            return time.perf_counter() - began


def _wait(side: Side, ask: Callable[[], int], wanted: int) -> None:
    began = changed_at = time.perf_counter()
    found = -1
    while (now_found := ask()) != wanted:
        at = time.perf_counter()
        if now_found != found:
            found, changed_at = now_found, at
        if at - changed_at > _STANDSTILL_SECONDS:
            raise Incorrect(f"{side.name} has {found} of {wanted}, and no more come")
        time.sleep(max(_LEAST_PAUSE_SECONDS, _PAUSE_SHARE * (at - began)))


def _count(side: Side, wanted: dict[str, Any]) -> int:
    return sum(row["count"] for row in side.ask("/events/count-by/event", wanted))


def _check_task_runs(side: Side, of_flow_run: dict[str, Any], task_runs: int, last: list[dict[str, Any]]) -> None:
    all_of_them = side.ask("/task_runs/count", of_flow_run)
    last_id = last[0]["resource"]["prefect.resource.id"].rpartition(".")[2]
    states = [state["id"] for state in side.ask(f"/task_run_states/?task_run_id={last_id}")]
    if all_of_them != task_runs or states != [event["id"] for event in last]:
        raise Incorrect(f"{side.name} has {all_of_them} task runs of {task_runs}, the last with the states {states}")


def _check_nothing_was_dropped(side: Side) -> None:
    if side.home is not None and "dropping" in (side.home / "server.log").read_text(errors="replace"):
        raise Incorrect(f"{side.name} says in its log that it dropped events")


ROW = Row(
    name="events",
    about=f"events in over {CONNECTIONS} websockets until all are stored",
    items=4_800,
    figures=(
        Figure("events", "1/s", better="more", times=20),
        Figure("of task runs", "1/s", better="more", times=20),
    ),
    measure=measure,
    databases=(SQLITE, POSTGRESQL),
    limit=Limit("the same rows by bare inserts of many rows", insert_events),
)
