"""What the server has in the end, read through its API."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from orchestrator.contract.times import format_time, now
from orchestrator.sdk.api.client import Client

ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
_PAGE = 200
_READERS = 4


@dataclass
class Records:
    """`ends`: the terminal states that each flow run went through, in order.

    Others say how often each thing is there: lines by run and message, events by name and id, artifacts by key and
    data.
    """

    flow_runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    task_runs: list[dict[str, Any]] = field(default_factory=list)
    ends: dict[str, list[str]] = field(default_factory=dict)
    lines: Counter[tuple[str | None, str]] = field(default_factory=Counter)
    events: Counter[tuple[str, str]] = field(default_factory=Counter)
    artifacts: Counter[tuple[str | None, str]] = field(default_factory=Counter)
    slots: dict[str, int] = field(default_factory=dict)
    claims: int = 0


def read(client: Client, *, pool: str, workers: tuple[str, ...], events: tuple[str, ...]) -> Records:
    """Everything: nothing may change meanwhile. `events` are the names of those that are wanted."""
    records = Records()
    records.flow_runs = {run["id"]: run for run in _all(client, "/flow_runs/filter", sort="ID_DESC")}
    records.task_runs = list(_all(client, "/task_runs/filter", sort="ID_DESC"))
    with ThreadPoolExecutor(_READERS) as readers:
        states = readers.map(lambda run: client.ask("GET", f"/flow_run_states/?flow_run_id={run}"), records.flow_runs)
        for run, found in zip(records.flow_runs, states, strict=True):
            in_order = sorted(found, key=lambda state: state["timestamp"])
            records.ends[run] = [state["type"] for state in in_order if state["type"] in ENDED]
    for line in _all(client, "/logs/filter", sort="TIMESTAMP_ASC"):
        records.lines[line["flow_run_id"], line["message"]] += 1
    for artifact in _all(client, "/artifacts/filter", sort="ID_DESC"):
        records.artifacts[artifact["key"], artifact["data"]] += 1
    for event in _events(client, events):
        records.events[event["event"], event["id"]] += 1
    for limit in _all(client, "/v2/concurrency_limits/filter"):
        records.slots[limit["name"]] = limit["active_slots"]
    records.claims = claims_held(client, pool=pool, workers=workers)
    return records


def unfinished(client: Client) -> list[str]:
    """What is to end by itself and has not: flow runs that are due, task runs, in words."""
    wanted = {"state": {"type": {"any_": ["PENDING", "RUNNING", "PAUSED", "CANCELLING"]}}}
    late = {"state": {"type": {"any_": ["SCHEDULED"]}}, "expected_start_time": {"before_": format_time(now())}}
    flow_runs = [
        run
        for which in (wanted, late)
        for run in client.ask("POST", "/flow_runs/filter", {"flow_runs": which, "limit": _PAGE})
    ]
    task_runs = client.ask("POST", "/task_runs/filter", {"task_runs": wanted, "limit": _PAGE})
    return [
        *(f"flow run {run['name']} {run['id']}: {run['state_name']}" for run in flow_runs),
        *(f"task run {run['name']} of {run['flow_run_id']}: {run['state_name']}" for run in task_runs),
    ]


def slots_taken(client: Client) -> dict[str, int]:
    limits = client.ask("POST", "/v2/concurrency_limits/filter", {"limit": _PAGE})
    return {limit["name"]: limit["active_slots"] for limit in limits if limit["active_slots"]}


def claims_held(client: Client, *, pool: str, workers: tuple[str, ...]) -> int:
    held = [client.ask("POST", f"/work_pools/{pool}/claims/held", {"worker_name": name}) for name in workers]
    return sum(len(each) for each in held)


def _all(client: Client, path: str, **body: Any) -> Iterator[dict[str, Any]]:
    """Page by page, in an order that stays."""
    offset = 0
    while True:
        page = client.ask("POST", path, {**body, "limit": _PAGE, "offset": offset})
        yield from page
        if len(page) < _PAGE:
            return
        offset += _PAGE


def _events(client: Client, names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    page = client.ask("POST", "/events/filter", {"filter": {"event": {"name": list(names)}}, "limit": 50})
    while True:
        yield from page["events"]
        if not page["next_page"]:
            return
        page = client.ask("GET", page["next_page"].partition("/api")[2])
