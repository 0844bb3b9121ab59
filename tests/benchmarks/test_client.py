"""The row of the real client: its time counts when every run, task run and line is there."""

from __future__ import annotations

import json

import pytest

from benchmarks.row import Incorrect
from benchmarks.rows import client
from benchmarks.sides import Side

RUNS = ["run-0", "run-1"]


class Told(Side):
    """A side whose server knows what it is told to."""

    def ask(self, path, body=None):
        if path == "/logs/filter":
            lines = json.loads(self.environment.get("lines", json.dumps(RUNS)))
            found = [{"flow_run_id": run, "message": f"Hello, world {run}! That has 15 letters."} for run in lines]
            noise = [{"flow_run_id": run, "message": "Beginning flow run"} for run in RUNS]
            return (found + noise)[body["offset"] : body["offset"] + body["limit"]]
        if path == "/flow_runs/count":
            return int(self.environment.get("flow_runs", 2))
        wanted = "completed" if "task_runs" in body else "task_runs"
        return int(self.environment.get(wanted, 4))


@pytest.fixture(autouse=True)
def _without_a_client(monkeypatch):
    said = json.dumps({"seconds": 0.5, "flow_run_ids": RUNS})
    monkeypatch.setattr(client, "_run_by_prefect", lambda side, *arguments: f"noise\n{said}\n")
    spent = iter([1.0, 1.25])
    monkeypatch.setattr(client, "cpu_seconds", lambda pid: next(spent))
    monkeypatch.setattr(client, "_RECORDED_SECONDS", 0)


def told(**server):
    return Told("ours", "orchestrator", "python", server, server_pid=1)


def test_tells_what_the_server_spent_and_how_long_the_runs_took():
    sample = client.measure(told(), 2)

    assert (sample["server CPU"], sample["runs"]) == (0.25, 0.5)
    assert sample["program"] >= 0


@pytest.mark.parametrize(
    ("server", "wrong"),
    [
        ({"completed": "3"}, "has 3 completed task runs of 4"),
        ({"task_runs": "5"}, "with 5 task runs"),
        ({"flow_runs": "1"}, "has 1 completed runs of 2"),
        ({"lines": '["run-0"]'}, "has 1 log lines of 2 runs"),
        ({"lines": '["run-0", "run-0"]'}, "has 2 log lines of 2 runs"),  # one twice, the other not at all
    ],
)
def test_takes_no_time_of_runs_that_are_not_all_there(server, wrong):
    with pytest.raises(Incorrect, match=wrong):
        client.measure(told(**server), 2)


def test_reads_all_pages_of_lines(monkeypatch):
    monkeypatch.setattr(client, "_PAGE", 1)

    assert client.measure(told(), 2)["runs"] == 0.5
