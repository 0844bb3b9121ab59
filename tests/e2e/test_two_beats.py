"""Two beats and two services workers on one database: nothing happens twice, and who is killed holds nobody up."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.migrated import put_migrated_database
from tests.waiting import eventually

LEASE_SECONDS = 1 + 3  # most_seconds of the service, and what a lease is longer
PATIENCE_SECONDS = 8.0  # of a busy machine
WORKER = "worker --queues services --pool threads --concurrency 4 --without-gossip --without-mingle --without-heartbeat"
BEAT = "beat --pidfile="


class Clockwork:
    """Beats and services workers without a web server; what their service wrote down."""

    def __init__(self, home: Path, backend: dict[str, str]) -> None:
        self.home = home
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ORCHESTRATOR_")},
            **backend,
            "ORCHESTRATOR_HOME": str(home),
            "DJANGO_SETTINGS_MODULE": "tests.e2e.ticking.settings",
        }
        self.processes: dict[int, subprocess.Popen[bytes]] = {}

    def migrate(self) -> None:
        if "DATABASE_URL" not in self.environment:
            put_migrated_database(self.home)
            return
        command = [sys.executable, "-m", "django", "migrate", "--verbosity", "0"]
        subprocess.run(command, env=self.environment, check=True)

    def start(self, what: str) -> int:
        command = f"-m celery --quiet -A orchestrator.celery {what} --loglevel WARNING"
        with (self.home / "log").open("a") as log:
            options: dict[str, Any] = {"env": self.environment, "stdout": log, "stderr": log}
            process = subprocess.Popen([sys.executable, *command.split()], **options)
        self.processes[process.pid] = process
        return process.pid

    def kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        self.processes.pop(pid).wait()

    def stop(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            process.wait(20)

    def lines(self, *what: str) -> list[dict[str, Any]]:
        try:
            lines = [json.loads(line) for line in (self.home / "ticks").read_text().splitlines()]
        except FileNotFoundError:
            return []
        return [line for line in lines if not what or line["what"] in what]

    def begun_after(self, at: float) -> list[dict[str, Any]]:
        return [line for line in self.lines("begins") if line["at"] > at]


@pytest.fixture
def clockwork(backend, tmp_path):
    clockwork = Clockwork(tmp_path, backend)
    clockwork.migrate()
    yield clockwork
    clockwork.stop()
    print((tmp_path / "log").read_text(), *clockwork.lines(), sep="\n")


def test_does_everything_once_although_two_of_each_run_and_some_are_killed(clockwork):
    workers = [clockwork.start(WORKER) for _ in range(2)]
    beats = [clockwork.start(BEAT) for _ in range(2)]
    eventually(lambda: len(clockwork.lines("ends")) >= 5, seconds=90)

    (clockwork.home / "stay").touch()
    stayed = eventually(lambda: clockwork.lines("stays"), seconds=60)[0]
    assert stayed["process"] in workers
    clockwork.kill(stayed["process"])
    taken_over = eventually(lambda: clockwork.begun_after(stayed["at"]), seconds=60)[0]
    clockwork.kill(beats[0])
    eventually(lambda: len(clockwork.begun_after(taken_over["at"])) >= 4, seconds=60)

    assert taken_over["process"] != stayed["process"]
    assert taken_over["at"] - stayed["at"] < LEASE_SECONDS + 1 + PATIENCE_SECONDS
    assert repeated(clockwork.lines("begins")) == []
    assert overlapping(clockwork.lines()) == []


def repeated(begun: list[dict[str, Any]]) -> list[str]:
    """Ticks for which the service was run more than once. Two beats may differ by what floats cannot tell."""
    times = Counter(round(datetime.fromisoformat(line["tick"]).timestamp(), 2) for line in begun)
    return [f"{tick}: {count} times" for tick, count in times.items() if count > 1]


def overlapping(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Runs that began before the one before them had ended. One that was killed ended with its last line."""
    wrong, inside = [], None
    for line in lines:
        if line["what"] == "begins":
            if inside is not None:
                wrong.append(line)
            inside = line["process"]
        elif line["process"] == inside:
            inside = None
    return wrong
