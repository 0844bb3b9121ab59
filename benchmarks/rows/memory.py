"""What the process that serves requests has in memory (RSS): as it was started, and after runs were recorded.

A recorded run is what a client tells that executes a flow by itself: the run is made, becomes RUNNING and COMPLETED,
each a request under the whole rules, and comes with LINES log lines and one task run of three events. Requests come
over 8 connections at once, events over a socket; after each hundredth of the runs the newest 200 are looked at. In the
end the server has to have all of them as COMPLETED.

Ours alone gets all `items` runs. `grown` is how much larger it is after them than after half of them, as a share;
`for each 1,000` is the same in MiB. Prefect gets the first tenth, and is told beside ours after as many. Its services
are threads of that process; ours are processes of their own, so all of ours together are told as well, where pages
that processes share count once (`whole server`, PSS).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from benchmarks.databases import SQLITE, Database
from benchmarks.driving.connections import Conversation, request, send
from benchmarks.driving.event_sockets import event_sockets, framed, sending
from benchmarks.driving.requests import made_runs
from benchmarks.given.reported_events import life_of_a_task_run
from benchmarks.processes import memory_without_sharing_mib, own_memory_mib, serving_on
from benchmarks.row import Figure, Incorrect, Row, Sample
from benchmarks.servers import home_of, running
from benchmarks.sides import Side
from benchmarks.stages import nothing

LINES = 5
SHARE_FOR_BOTH = 0.1  # of the runs

_PARTS = 100
_SETTLING_SECONDS = 3.0
_RECORDED_SECONDS = 120.0
_LOOKED_AT = 200


def measure(side: Side, items: int) -> Sample:
    """`items` runs on our side, and a tenth of them on Prefect's, each on a server that was just started."""
    first, half = max(1, round(items * SHARE_FOR_BOTH)), max(1, items // 2)
    with home_of(side, Database(SQLITE, {})) as at_home, running(at_home, *_options(side)) as served:
        sample = {"at start": _settled(served)}
        _record(served, first, before=0)
        sample["after a tenth"] = _settled(served)
        if side.name != "ours":
            sample["whole server"] = _whole(served)
            return sample
        _record(served, half - first, before=first)
        at_half = _settled(served)
        _record(served, items - half, before=half)
        at_end = _settled(served)
        return {
            **sample,
            "after all": at_end,
            "grown": (at_end / at_half - 1) * 100,
            "for each 1,000": (at_end - at_half) / max(1, items - half) * 1000,
            "whole server": _whole(served),
        }


def _options(side: Side) -> Sequence[str]:
    return ["--no-worker"] if side.name == "ours" else []


def _settled(side: Side) -> float:
    time.sleep(_SETTLING_SECONDS)
    assert side.server_pid is not None
    return own_memory_mib(serving_on(urlsplit(side.api_url or "").port or 0, below=side.server_pid))


def _whole(side: Side) -> float:
    assert side.server_pid is not None
    return memory_without_sharing_mib(side.server_pid)


def _record(side: Side, count: int, *, before: int) -> None:
    """Record so many runs, where there are `before` already. Raises Incorrect unless the server has all of them."""
    with event_sockets(side, 1) as sockets:
        left = count
        while left > 0:
            part = min(left, max(1, count // _PARTS))
            ids = made_runs(side, part)
            events = [event for number, run_id in enumerate(ids) for event in life_of_a_task_run(run_id, number)]
            with sending(sockets, [framed(events)]):
                send(side.api_url or "", [_life(side, run_id) for run_id in ids], status=201)
            if len(side.ask("/flow_runs/filter", {"limit": _LOOKED_AT, "sort": "START_TIME_DESC"})) < min(part, 200):
                raise Incorrect(f"{side.name} does not show its newest runs")
            left -= part
    _check(side, before + count)


def _life(side: Side, run_id: str) -> Conversation:
    """What a flow's own client tells of a run that was made."""

    def become(type_: str) -> bytes:
        state = {"type": type_, "name": type_.capitalize(), "message": "", "state_details": {}}
        return request(f"{side.api_url}/flow_runs/{run_id}/set_state", {"state": state})

    return [become("RUNNING"), request(f"{side.api_url}/logs/", _lines(run_id)), become("COMPLETED")]


def _lines(run_id: str) -> list[dict[str, Any]]:
    at = datetime.now(UTC).isoformat()
    return [
        {"name": "flows", "level": 20, "message": f"Poured cup {number}", "timestamp": at, "flow_run_id": run_id}
        for number in range(LINES)
    ]


def _check(side: Side, count: int) -> None:
    """Task runs come with events, which the server may store a while later; the time is in no figure."""
    completed = {"state": {"type": {"any_": ["COMPLETED"]}}}
    deadline = time.monotonic() + _RECORDED_SECONDS
    while True:
        found = (
            side.ask("/flow_runs/count", {"flow_runs": completed}),
            side.ask("/task_runs/count", {"task_runs": completed}),
        )
        if found == (count, count):
            return
        if time.monotonic() > deadline:
            raise Incorrect(f"{side.name} has {found[0]} flow runs and {found[1]} task runs COMPLETED, of {count} each")
        time.sleep(0.25)


ROW = Row(
    name="memory",
    about="the web process after 10,000 recorded runs",
    items=10_000,
    figures=(
        Figure("at start", "MiB", bound=250),
        Figure("after a tenth", "MiB", bound=250),
        Figure("after all", "MiB", bound=250),
        Figure("grown", "% from half to all", bound=5),
        Figure("for each 1,000", "MiB"),
        Figure("whole server", "MiB"),
    ),
    measure=measure,
    stage=nothing,
    rounds=1,
)
