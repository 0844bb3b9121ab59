"""What both sides are given to show: finished flow runs, and one with task runs and a log, all over the public API."""

from __future__ import annotations

import time
import urllib.error
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.given.reported_events import life_of_a_task_run
from benchmarks.sides import CannotMeasure, Side

FLOW_RUNS = 200
TASK_RUNS = 100
LOG_LINES = 200
FLOW, WHOLE_RUN = "pour-tea", "whole-run"  # the run that was made last is the first of the list
FIRST_LINE = "line 0 of the log"

_TASKS = 10  # functions, each called as often as the others
_TASK_RUNS_AT_ONCE = 10
_RECORDED_SECONDS = 60.0
_TRIES, _PAUSE_SECONDS = 10, 0.5


def make_runs(side: Side) -> None:
    """FLOW_RUNS of one flow, each PENDING, RUNNING and COMPLETED; the last has TASK_RUNS and LOG_LINES.

    Raises CannotMeasure when the server has not recorded all of them after a minute.
    """
    flow_id = _tell(side, "/flows/", {"name": FLOW})["id"]
    for number in range(FLOW_RUNS - 1):
        _end(side, _begin(side, flow_id, f"brave-tea-{number}"))
    whole = _begin(side, flow_id, WHOLE_RUN)
    _report_task_runs(side, whole)
    _tell(side, "/logs/", _lines(whole))
    _end(side, whole)


def find_whole_run(side: Side) -> str:
    """The identifier of the run that `make_runs` made last."""
    found: list[dict[str, str]] = side.ask("/flow_runs/filter", {"flow_runs": {"name": {"any_": [WHOLE_RUN]}}})
    return found[0]["id"]


def _begin(side: Side, flow_id: str, name: str) -> str:
    body = {"flow_id": flow_id, "name": name, "tags": ["bench"], "state": {"type": "PENDING"}}
    made: dict[str, str] = _tell(side, "/flow_runs/", body)
    _tell(side, f"/flow_runs/{made['id']}/set_state", {"state": {"type": "RUNNING"}})
    return made["id"]


def _end(side: Side, flow_run_id: str) -> None:
    _tell(side, f"/flow_runs/{flow_run_id}/set_state", {"state": {"type": "COMPLETED"}})


def _report_task_runs(side: Side, flow_run_id: str) -> None:
    for at in range(0, TASK_RUNS, _TASK_RUNS_AT_ONCE):
        numbers = range(at, min(at + _TASK_RUNS_AT_ONCE, TASK_RUNS))
        _tell(side, "/events", [event for number in numbers for event in _life(flow_run_id, number)])
    completed = {
        "flow_runs": {"id": {"any_": [flow_run_id]}},
        "task_runs": {"state": {"type": {"any_": ["COMPLETED"]}}},
    }
    deadline = time.monotonic() + _RECORDED_SECONDS
    while (found := side.ask("/task_runs/count", completed)) != TASK_RUNS:
        if time.monotonic() > deadline:
            raise CannotMeasure(f"The server of {side.name} has {found} task runs of {TASK_RUNS}")
        time.sleep(0.1)


def _life(flow_run_id: str, number: int) -> Iterator[dict[str, Any]]:
    for event in life_of_a_task_run(flow_run_id, number):
        event["payload"]["task_run"]["task_key"] = f"pour-{number % _TASKS}"
        yield event


def _lines(flow_run_id: str) -> list[dict[str, Any]]:
    first = datetime.now(UTC)
    return [
        {
            "name": "prefect.flow_runs",
            "level": 20,
            "message": FIRST_LINE.replace("0", str(number)),
            "timestamp": (first + timedelta(milliseconds=number)).isoformat(),
            "flow_run_id": flow_run_id,
        }
        for number in range(LOG_LINES)
    ]


def _tell(side: Side, path: str, body: Any) -> Any:
    """The answer to what is written. The real server answers 503 where its SQLite was busy, and wrote nothing then."""
    for _ in range(_TRIES - 1):
        try:
            return side.ask(path, body)
        except urllib.error.HTTPError as error:
            if error.code != 503:
                raise
        time.sleep(_PAUSE_SECONDS)
    return side.ask(path, body)
