"""What the environment says of services and of retention, read as the server reads it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

TELL = """
import json
from orchestrator import settings
names = [name for name in dir(settings) if name.endswith("_RETENTION_DAYS")]
print(json.dumps({"SERVICES": settings.SERVICES, **{name: getattr(settings, name) for name in names}}))
"""


@pytest.fixture
def read(tmp_path):
    """The settings under these variables, or what the start is stopped with."""

    def read(**variables: str):
        ours = {name: value for name, value in os.environ.items() if not name.startswith("ORCHESTRATOR_")}
        environment = {**ours, "ORCHESTRATOR_HOME": str(tmp_path), **variables}
        command = [sys.executable, "-c", TELL]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return json.loads(done.stdout) if done.returncode == 0 else done.stderr

    return read


def test_keeps_things_for_these_times_unless_told_otherwise(read):
    told = read()

    assert {name.removesuffix("_RETENTION_DAYS"): days for name, days in told.items() if name != "SERVICES"} == {
        "EVENTS": 7,
        "HEARTBEATS": 7,
        "RUNS": 90,
        "TASK_RUNS": 90,
        "LOGS": 90,
        "ARTIFACTS": 90,
    }


def test_lets_the_others_follow_the_runs_and_heeds_names_of_before(read):
    told = read(ORCHESTRATOR_RUNS_RETENTION_DAYS="30", ORCHESTRATOR_RETENTION_LOGS_DAYS="3")

    assert (told["RUNS_RETENTION_DAYS"], told["LOGS_RETENTION_DAYS"], told["ARTIFACTS_RETENTION_DAYS"]) == (30, 3, 30)


def test_takes_the_services_that_are_named(read):
    assert read(ORCHESTRATOR_SERVICES="late-runs,scheduler")["SERVICES"] == ["scheduler", "late_runs"]


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"ORCHESTRATOR_RETENTION_EVENTS_DAYS": "0"}, "ORCHESTRATOR_RETENTION_EVENTS_DAYS='0' is not usable"),
        ({"ORCHESTRATOR_RETENTION_RUNS_DAYS": "soon"}, "ORCHESTRATOR_RETENTION_RUNS_DAYS='soon' is not usable"),
        ({"ORCHESTRATOR_SERVICES_EXCEPT": "zombi"}, "ORCHESTRATOR_SERVICES_EXCEPT='zombi' is not usable"),
        ({"ORCHESTRATOR_SERVICES": "lazarus", "ORCHESTRATOR_SERVICES_EXCEPT": "lazarus"}, "not both at once"),
    ],
)
def test_stops_the_start_and_names_the_variable(read, variables, reason):
    assert reason in read(**variables)
