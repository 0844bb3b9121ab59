"""Retention is killed again and again, and still deletes all that is old and nothing else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.e2e.old_rows import LINES_OF_A_TASK, TASKS_OF_A_RUN
from tests.migrated import put_migrated_database
from tests.waiting import eventually

OLD_RUNS = 100


@pytest.fixture
def run(tmp_path):
    """Runs a module of Python to its end, or starts it."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("ORCHESTRATOR_")}
    environment = {
        **ours,
        "ORCHESTRATOR_HOME": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "orchestrator.settings",
    }

    def start(*arguments: str, wait: bool = True):
        command = [sys.executable, "-m", *arguments]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        return process.communicate(timeout=60)[0] if wait else process

    return start


def left(run) -> dict[str, int]:
    return json.loads(run("tests.e2e.old_rows", "tell"))


def once(run, service: str) -> str:
    return run("orchestrator", "server", "services", "run", service, "--once")


def test_leaves_nothing_half_done(run, tmp_path):
    put_migrated_database(tmp_path)
    filled = json.loads(run("tests.e2e.old_rows", "fill", str(OLD_RUNS)))

    for _ in range(2):
        retention = run("orchestrator", "server", "services", "run", "retention", wait=False)
        retention.stdout.readline()  # it begins
        time.sleep(0.15)
        retention.send_signal(signal.SIGKILL)
        retention.communicate()
    between = left(run)
    # One round has but two seconds for the runs, of which a busy machine may need more.
    eventually(lambda: once(run, "retention") and left(run)["FlowRun"] == 1, seconds=60)
    once(run, "leftovers")

    counts = left(run)
    assert filled["FlowRun"] == OLD_RUNS + 1 > between["FlowRun"] > 1
    assert (counts["FlowRun"], counts["TaskRun"], counts["TaskRunState"]) == (1, TASKS_OF_A_RUN, TASKS_OF_A_RUN)
    assert (counts["Log"], counts["Artifact"]) == (TASKS_OF_A_RUN * LINES_OF_A_TASK, 1)
    assert counts["Leftover"] == 0
    assert counts["RetentionReport"] >= 1
