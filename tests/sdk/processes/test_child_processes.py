from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from orchestrator.sdk.processes.child_processes import how_it_ended

PARENT = """
import subprocess, sys
from orchestrator.sdk.processes.child_processes import die_with_parent
child = subprocess.Popen(["sleep", "60"], preexec_fn=die_with_parent)
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

    assert has_ended(child, within_seconds=5.0)


def has_ended(pid: int, *, within_seconds: float) -> bool:
    until = time.monotonic() + within_seconds
    while time.monotonic() < until:
        try:
            with open(f"/proc/{pid}/stat") as file:
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    return True
            os.kill(pid, 0)
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.02)
    return False
