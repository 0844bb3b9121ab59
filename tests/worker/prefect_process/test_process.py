"""Processes that behave as engines do, well or badly."""

import signal
import socket
import sys
import threading
import time

import pytest

from orchestrator.sdk.errors import ClaimLost, RunCancelled
from orchestrator.worker.prefect_process.control import ControlLine
from orchestrator.worker.prefect_process.process import EngineProcess
from tests.waiting import eventually, is_alive

LISTENS = """
import os, signal, socket, sys, threading, time
line = socket.create_connection(("127.0.0.1", int(os.environ["PREFECT__CONTROL_PORT"])))
line.sendall(os.environ["PREFECT__CONTROL_TOKEN"].encode() + b"\\n\\x00PF\\x02\\x01")
assert line.recv(5) == b"\\x00PF\\x01\\x00"
announced = []
def end(*_):
    sys.exit(7 if announced else 8)
signal.signal(signal.SIGTERM, end)
open(sys.argv[1], "w").close()
announced.append(line.recv(1))
line.sendall(b"a")
time.sleep(30)
"""
DEAF = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(["sleep", "41.25"], start_new_session=True)
open(sys.argv[1], "w").write(str(child.pid))
time.sleep(30)
"""


@pytest.fixture
def execute(tmp_path):
    """Executes a program, stops it so when it is ready, and gives how it ended."""

    def execute(program, *, stop=None, grace_seconds=10.0):
        process, ready = EngineProcess(), tmp_path / "ready"

        def stop_when_ready():
            while not ready.exists():
                time.sleep(0.01)
            time.sleep(0.1)
            process.stop(stop)

        if stop is not None:
            threading.Thread(target=stop_when_ready, daemon=True).start()
        ended = process.execute(
            [sys.executable, "-c", program, str(ready)],
            environment={"ORCHESTRATOR_RUN_PROCESS": f"run-of-{tmp_path.name}", "PATH": "/usr/bin:/bin"},
            directory=tmp_path,
            grace_seconds=grace_seconds,
        )
        return process, ended

    return execute


def test_tells_how_it_ended_and_its_last_words(execute):
    _, ended = execute("import sys; print('first\\nlast', file=sys.stderr); sys.exit(3)")

    assert (ended.code, ended.last_line, ended.how) == (3, "last", "exit code 3")


def test_announces_a_cancellation_before_the_signal(execute):
    process, ended = execute(LISTENS, stop=RunCancelled("enough"))

    assert ended.code == 7
    assert process.killed_after_seconds is None


def test_kills_what_does_not_listen_with_all_it_started(execute, tmp_path):
    process, ended = execute(DEAF, stop=RunCancelled("enough"), grace_seconds=0.3)

    assert ended.how == "signal 9 (SIGKILL)"
    assert process.killed_after_seconds == 0.3
    _assert_gone((tmp_path / "ready").read_text())


def test_kills_at_once_when_the_claim_is_lost(execute, tmp_path):
    began = time.monotonic()

    _, ended = execute(DEAF, stop=ClaimLost("gone"), grace_seconds=20.0)

    assert ended.code == -signal.SIGKILL
    assert time.monotonic() - began < 15
    _assert_gone((tmp_path / "ready").read_text())


def test_does_not_hand_ignored_signals_on(execute):
    before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)

    _, ended = execute("import signal, sys; sys.exit(5 if signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL else 6)")

    assert signal.signal(signal.SIGUSR1, before) is signal.SIG_IGN
    assert ended.code == 5


def test_lets_nobody_on_the_line_who_does_not_know_the_token():
    with ControlLine() as line:
        stranger = socket.create_connection(("127.0.0.1", int(line.environment["PREFECT__CONTROL_PORT"])))
        stranger.sendall(b"guessed\n")

        assert stranger.recv(1) == b""
        assert not line.announce_cancellation(within_seconds=0.1)


def _assert_gone(pid):
    """A signal to a group comes back before each of its processes has died of it."""
    eventually(lambda: not is_alive(pid))
