from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from orchestrator.sdk.processes.child_processes import how_it_ended
from tests.waiting import eventually, is_alive

PARENT = """
import os, subprocess, sys
from functools import partial
from orchestrator.sdk.processes.child_processes import die_with_parent
child = subprocess.Popen(["sleep", "60"], preexec_fn=partial(die_with_parent, os.getpid()))
print(child.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (0, "exit code 0"),
        (3, "exit code 3"),
        (-9, "signal 9 (SIGKILL)"),
        (-signal.SIGRTMIN - 5, f"signal {signal.SIGRTMIN + 5}"),  # has no name
    ],
)
def test_tells_how_a_process_ended(code, expected):
    assert how_it_ended(code) == expected


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux does it")
def test_ends_with_its_parent():
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())

    parent.kill()
    parent.communicate()

    eventually(lambda: not is_alive(child))


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux does it")
def test_ends_at_once_when_its_parent_ended_before_it_could_ask():
    gone = subprocess.Popen(["true"])
    gone.wait()
    late = f"from orchestrator.sdk.processes.child_processes import die_with_parent; die_with_parent({gone.pid})"

    child = subprocess.run([sys.executable, "-c", late], timeout=30, check=False)

    assert child.returncode == -signal.SIGKILL
