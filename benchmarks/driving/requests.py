"""What the rows of single requests have in common: 8 kept-alive connections to the server of each side.

Both sides are asked the same, by the contract's addresses. `processor` is what the whole server took for a request on
average, with all that its services do meanwhile: it says little of the time but much of what a machine can carry.
`refused` is how often it answered 503, so that a request had to be sent again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.databases import POSTGRESQL, SQLITE
from benchmarks.driving.connections import CONNECTIONS, Check, Conversation, request, send
from benchmarks.processes import cpu_seconds
from benchmarks.row import Figure, Incorrect, Sample
from benchmarks.sides import Side

BOTH = (SQLITE, POSTGRESQL)
FIGURES = (
    Figure("requests", "1/s", better="more", times=8),
    Figure("p95", "ms", times=8),
    Figure("processor", "ms a request"),
    Figure("refused", "times a request"),
)

_SETTLED_SECONDS = 60.0
_LOOKED_AT = 10


def so_many(side: Side, items: int) -> int:
    """Ours does ten times as much in a sample, so that a sample of either takes seconds."""
    return items * 10 if side.name == "ours" else items


def under_load(side: Side, conversations: Iterable[Conversation], *, status: int = 200, check: Check = bool) -> Sample:
    """Lead the conversations with the side's server."""
    assert side.api_url is not None
    assert side.server_pid is not None
    before = cpu_seconds(side.server_pid)
    load = send(side.api_url, conversations, status=status, check=check)
    processor = (cpu_seconds(side.server_pid) - before) / len(load.waits) * 1000
    refused = load.refused / len(load.waits)
    return {"requests": load.requests_per_second, "p95": load.p95_ms, "processor": processor, "refused": refused}


def warm_up(side: Side, conversation: Conversation, *, status: int = 200) -> None:
    """What a server makes at first use, or once for each of its threads, is made now."""
    assert side.api_url is not None
    send(side.api_url, [conversation] * (CONNECTIONS * 4), status=status)


def flow_of(side: Side) -> str:
    """The identifier of the flow that all runs are of."""
    return str(side.ask("/flows/", {"name": "bench"})["id"])


def new_run(side: Side, flow_id: str, **more: Any) -> bytes:
    """The request that makes a flow run such as a client makes one."""
    parameters = {"region": "north", "day": "2026-03-01", "limit": 500}
    body = {"flow_id": flow_id, "parameters": parameters, "tags": ["bench", "north"], **more}
    return request(f"{side.api_url}/flow_runs/", body)


def made_runs(side: Side, count: int, **more: Any) -> list[str]:
    """The identifiers of so many new runs, made one after the other, outside of any figure."""
    assert side.api_url is not None
    flow_id, ids = flow_of(side), []

    def keep(body: bytes) -> bool:
        ids.append(json.loads(body)["id"])
        return True

    made = [[new_run(side, flow_id, **more)] for _ in range(count)]
    send(side.api_url, made, status=201, check=keep, connections=1)
    return ids


def some(ids: Sequence[str]) -> Sequence[str]:
    """A few of them from everywhere, to look at closely."""
    return ids[:: max(1, len(ids) // _LOOKED_AT)][:_LOOKED_AT]


def wait_for_events(side: Side, run_ids: Sequence[str], states: Sequence[str]) -> None:
    """Until the side has stored the events of these states of each run, which Prefect does in the background.

    Raises Incorrect.
    """
    wanted = {(f"prefect.flow-run.{run_id}", f"prefect.flow-run.{state}") for run_id in run_ids for state in states}
    deadline = time.monotonic() + _SETTLED_SECONDS
    while missing := wanted - _stored_events(side, run_ids):
        if time.monotonic() > deadline:
            raise Incorrect(f"{side.name}: {len(missing)} of {len(wanted)} events were not stored")
        time.sleep(0.25)


def _stored_events(side: Side, run_ids: Sequence[str]) -> set[tuple[str, str]]:
    of_runs = {"resource": {"id": [f"prefect.flow-run.{run_id}" for run_id in run_ids]}}
    found = side.ask("/events/filter", {"filter": of_runs, "limit": 50})["events"]
    return {(event["resource"]["prefect.resource.id"], event["event"]) for event in found}
