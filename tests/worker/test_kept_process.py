"""A process that is started again when it ends by itself."""

from __future__ import annotations

import signal
import sys

import pytest

from orchestrator.worker import kept_process
from orchestrator.worker.kept_process import KeptProcess
from orchestrator.worker.spawned import Spawned
from tests.waiting import eventually, is_alive

STUBBORN = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: open(sys.argv[1], "a").write("told\\n"))
open(sys.argv[1], "a").write("ready\\n")
while True:
    time.sleep(0.05)
"""


class Kept(KeptProcess):
    what = "The process of the test"
    cuts_short = signal.SIGTERM
    longest_pause_seconds = 0.08

    def __init__(self, *command: str):
        super().__init__(is_wanted=True)
        self.command = command
        self.pids: list[int] = []

    def _started(self) -> Spawned:
        process = Spawned(self.command)
        self.pids.append(process.pid)
        return process


class Waits:
    """In the place of the event that ends it: notes how long was waited between two starts."""

    def __init__(self, most: int):
        self.seconds: list[float] = []
        self._most = most

    def is_set(self) -> bool:
        return len(self.seconds) >= self._most

    def wait(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        return self.is_set()

    def set(self) -> None:
        self._most = 0


@pytest.mark.parametrize(
    ("healthy_after", "pauses"),
    [
        (60.0, [0.01, 0.02, 0.04, 0.08, 0.08]),
        (-1.0, [0.01] * 5),  # each of them lived for long enough
    ],
)
def test_pauses_longer_each_time_unless_the_process_was_healthy(monkeypatch, healthy_after, pauses):
    monkeypatch.setattr(kept_process, "_FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(kept_process, "HEALTHY_SECONDS", healthy_after)
    kept = Kept("/bin/true")
    kept._stopped = waits = Waits(most=5)

    kept.start()
    kept._thread.join(20)

    assert waits.seconds == pauses


def test_loses_patience_while_it_waits(monkeypatch, tmp_path):
    monkeypatch.setattr(kept_process, "_NOTICE_SECONDS", 0.01)
    monkeypatch.setattr(kept_process, "_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(kept_process, "_KILL_SECONDS", 0.01)
    note = tmp_path / "note"
    kept = Kept(sys.executable, "-c", STUBBORN, str(note))
    kept.start()
    eventually(note.exists)
    left = iter([None, 10.0, 0.0])  # it is told again before the third look

    kept.stop(seconds_left=lambda: next(left))

    eventually(lambda: not is_alive(kept.pids[0]))


def test_tells_a_process_twice_and_then_kills_it(monkeypatch, tmp_path):
    monkeypatch.setattr(kept_process, "_NOTICE_SECONDS", 0.2)
    monkeypatch.setattr(kept_process, "_KILL_SECONDS", 0.3)
    note = tmp_path / "note"
    kept = Kept(sys.executable, "-c", STUBBORN, str(note))
    kept.start()
    eventually(note.exists)
    eventually(note.read_text)

    kept.stop(seconds_left=lambda: 0.0)

    eventually(lambda: not is_alive(kept.pids[0]))
    assert note.read_text().splitlines() == ["ready", "told", "told"]
    assert len(kept.pids) == 1
