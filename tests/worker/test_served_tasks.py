"""The process of a worker in which background tasks are served."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from orchestrator.worker import kept_process, served_tasks
from orchestrator.worker.served_tasks import ServedTasks, serve
from orchestrator.worker.settings import worker_settings

PROGRAM = "import json, os, sys, time; open(sys.argv[1], 'a').write(f'{os.getpid()} {sys.argv[2]}\\n'); time.sleep(60)"


@pytest.fixture
def note(tmp_path: Path) -> Path:
    return tmp_path / "note"


def keeper(note: Path, *serves: str, **settings: Any) -> ServedTasks:
    made = worker_settings(pool="default", name="tested", serves=serves, environ={}, **settings)
    return ServedTasks(made, command=[sys.executable, "-c", PROGRAM, str(note)])


def started(note: Path, count: int) -> list[str]:
    deadline = time.monotonic() + 20
    while len(lines := note.read_text().splitlines() if note.exists() else []) < count:
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.01)
    return lines


def test_is_told_what_to_serve_and_ends_with_the_worker(note):
    kept = keeper(note, "tasks.py", "tasks.py", "other.py:one", drain_seconds=2.0)

    kept.start()
    (line,) = started(note, 1)
    kept.stop(seconds_left=lambda: 1.0)

    pid, _, told = line.partition(" ")
    assert told == '{"serves": ["tasks.py", "other.py:one"], "drain_seconds": 2.0}'
    assert not Path(f"/proc/{pid}").exists()


def test_is_started_again_when_it_ends_by_itself(note, monkeypatch, caplog):
    monkeypatch.setattr(kept_process, "_FIRST_PAUSE_SECONDS", 0.01)
    kept = keeper(note, "tasks.py")
    kept.start()
    (line,) = started(note, 1)

    with caplog.at_level(logging.WARNING, "orchestrator.worker"):
        os.kill(int(line.split()[0]), signal.SIGKILL)
        started(note, 2)
    kept.stop(seconds_left=lambda: 1.0)

    assert "SIGKILL" in caplog.text


def test_is_not_there_without_tasks(note):
    kept = keeper(note)

    kept.start()
    kept.stop(seconds_left=lambda: 1.0)

    assert not note.exists()


def test_says_what_cannot_be_served(capsys, tmp_path):
    code = serve({"serves": [str(tmp_path / "missing.py")], "drain_seconds": None})

    assert code == 1
    assert "no file" in capsys.readouterr().err


def test_is_tried_again_when_it_cannot_be_started(note, monkeypatch, caplog):
    monkeypatch.setattr(kept_process, "_FIRST_PAUSE_SECONDS", 0.01)
    plain, refused = served_tasks.Spawned, []

    def refuse_once(*command: Any, **options: Any) -> Any:
        if not refused:
            refused.append(command)
            raise OSError("no memory")
        return plain(*command, **options)

    monkeypatch.setattr(served_tasks, "Spawned", refuse_once)
    kept = keeper(note, "tasks.py")

    with caplog.at_level(logging.ERROR, "orchestrator.worker"):
        kept.start()
        started(note, 1)
    kept.stop(seconds_left=lambda: 1.0)

    assert "cannot be started (no memory)" in caplog.text
