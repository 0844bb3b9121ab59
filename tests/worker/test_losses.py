"""What the worker does about a child that died, or ends by itself. The processes are real, and children of the test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from types import SimpleNamespace

import pytest
from billiard.einfo import ExceptionInfo
from billiard.exceptions import WorkerLostError
from celery.worker.request import Request

from orchestrator.worker import losses
from orchestrator.worker.losses import RunRequest
from orchestrator.worker.stopping import USED_UP
from tests.waiting import eventually, is_alive

LEADER = """
import subprocess, sys, time

print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"]).pid, flush=True)
time.sleep(1000)
"""


@pytest.fixture
def child():
    """A process that leads a group, and one that it started."""
    process = subprocess.Popen([sys.executable, "-c", LEADER], stdout=subprocess.PIPE, process_group=0)
    yield SimpleNamespace(process=process, pid=process.pid, started=int(process.stdout.readline()))
    for pid in (-process.pid, process.pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()


@pytest.fixture
def reported(monkeypatch):
    found = []
    monkeypatch.setattr(losses, "report_loss", lambda run_id, pid, reason, **_: found.append((run_id, pid, reason)))
    monkeypatch.setattr(Request, "on_failure", lambda *_, **__: None)
    return found


def fail(child, error):
    request = RunRequest.__new__(RunRequest)
    request._kwargs, request.worker_pid = {"flow_run_id": "run"}, child.pid
    try:
        raise error
    except (SystemExit, WorkerLostError):
        request.on_failure(ExceptionInfo())


@pytest.mark.parametrize("status", [USED_UP, 3])
def test_leaves_a_child_to_end_by_itself_that_said_how_its_run_ended(child, reported, status):
    """It may hold the lock of the pipe to the worker just then, which its successor needs."""
    fail(child, SystemExit(status))

    eventually(lambda: not is_alive(child.started))
    assert child.process.poll() is None
    assert len(reported) == (status != USED_UP)


def test_ends_what_a_dead_child_left(child, reported):
    child.process.kill()
    child.process.wait()

    fail(child, WorkerLostError("Worker exited prematurely: signal 9 (SIGKILL) Job: 1."))

    eventually(lambda: not is_alive(child.started))
    assert reported == [("run", child.pid, "The process that executed the run died: signal 9 (SIGKILL).")]


def test_leaves_the_group_alone_of_whoever_has_the_number_by_now(child, reported):
    fail(child, WorkerLostError("Worker exited prematurely: signal 9 (SIGKILL) Job: 1."))

    assert child.process.poll() is None
    assert is_alive(child.started)
