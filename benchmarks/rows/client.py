"""The real Prefect client's hello flow, against each server: what the server spends on it, and whether anybody waits.

Both servers get the same client: Prefect's interpreter, a home of its own, nothing but the address and the password.
The server's processor time is of all its processes, from before the client starts until everything is recorded.
"""

from __future__ import annotations

import json
import tempfile
import time
from dataclasses import replace
from typing import Any

from benchmarks.processes import cpu_seconds
from benchmarks.row import Figure, Incorrect, Row, Sample
from benchmarks.sides import PASSWORD, ROOT, Side, prefect

TASKS = 2  # of one run
_SCRIPT = ROOT / "benchmarks" / "programs" / "hello.py"
_RECORDED_SECONDS = 60.0
_PAUSE_SECONDS = 0.5  # between two questions, which cost the server as well
_PAGE = 200


def measure(side: Side, items: int) -> Sample:
    assert side.server_pid is not None
    before = cpu_seconds(side.server_pid)
    began = time.perf_counter()
    told = json.loads(_run_by_prefect(side, str(_SCRIPT), str(items)).splitlines()[-1])
    whole = time.perf_counter() - began
    flow_run_ids: list[str] = told["flow_run_ids"]
    _wait_for_task_runs(side, flow_run_ids)
    spent = cpu_seconds(side.server_pid) - before
    _check(side, flow_run_ids, items)
    return {"server CPU": spent, "runs": float(told["seconds"]), "program": whole}


def _run_by_prefect(side: Side, *arguments: str) -> str:
    client = prefect()
    with tempfile.TemporaryDirectory(prefix="bench-client-") as home:
        settings = {
            "PREFECT_HOME": home,
            "PREFECT_API_URL": str(side.api_url),
            "PREFECT_API_AUTH_STRING": PASSWORD,
            "DO_NOT_TRACK": "1",
        }
        return replace(client, environment={**client.environment, **settings}).run(*arguments)


def _wait_for_task_runs(side: Side, flow_run_ids: list[str]) -> None:
    wanted = TASKS * len(flow_run_ids)
    deadline = time.monotonic() + _RECORDED_SECONDS
    while (found := _completed(side, "task_runs", flow_run_ids)) != wanted:
        if time.monotonic() > deadline:
            raise Incorrect(f"{side.name} has {found} completed task runs of {wanted}")
        time.sleep(_PAUSE_SECONDS)


def _check(side: Side, flow_run_ids: list[str], items: int) -> None:
    """Every run is COMPLETED, no task run is too many, and each run's line is in the log once."""
    runs = _completed(side, "flow_runs", flow_run_ids)
    task_runs = side.ask("/task_runs/count", _of(flow_run_ids))
    if (len(set(flow_run_ids)), runs, task_runs) != (items, items, TASKS * items):
        raise Incorrect(f"{side.name} has {runs} completed runs of {items}, with {task_runs} task runs")
    lines = [line["flow_run_id"] for line in _lines(side, flow_run_ids) if line["message"].startswith("Hello, world")]
    if sorted(lines) != sorted(flow_run_ids):
        raise Incorrect(f"{side.name} has {len(lines)} log lines of {items} runs that print one each")


def _completed(side: Side, what: str, flow_run_ids: list[str]) -> int:
    wanted = _of(flow_run_ids)
    wanted[what] = {**wanted.get(what, {}), "state": {"type": {"any_": ["COMPLETED"]}}}
    return int(side.ask(f"/{what}/count", wanted))


def _of(flow_run_ids: list[str]) -> dict[str, Any]:
    return {"flow_runs": {"id": {"any_": flow_run_ids}}}


def _lines(side: Side, flow_run_ids: list[str]) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    while True:
        body = {"logs": {"flow_run_id": {"any_": flow_run_ids}}, "limit": _PAGE, "offset": len(lines)}
        page = side.ask("/logs/filter", body)
        lines += page
        if len(page) < _PAGE:
            return lines


ROW = Row(
    name="client",
    about="the hello flow of the real Prefect client, run after run",
    items=50,
    figures=(
        Figure("server CPU", "s", times=5),
        Figure("runs", "s", times=1),
        Figure("program", "s", times=1),
    ),
    measure=measure,
)
