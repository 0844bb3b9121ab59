"""Serving in a thread of its own, with a server that is played by the test."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from orchestrator.sdk.api.client import current_client
from orchestrator.sdk.background_tasks import serving as task_serving
from orchestrator.sdk.background_tasks.serving import TaskServing
from tests.sdk.background_tasks.desk import Desk, calls, proceed
from tests.sdk.fake_api import FakeApi


@pytest.fixture(autouse=True)
def fresh(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("ORCHESTRATOR_LOCAL_STORAGE_PATH", str(tmp_path / "storage"))
    monkeypatch.setattr(task_serving, "_TICK_SECONDS", 0.01)
    monkeypatch.setattr(task_serving, "_FIRST_PAUSE_SECONDS", 0.01)
    proceed.clear()
    calls.clear()


@pytest.fixture
def desk(monkeypatch) -> Desk:
    made = Desk()
    monkeypatch.setattr(task_serving, "ApiSocket", made.socket)
    return made


@pytest.fixture
def serve(api: FakeApi, desk: Desk) -> Iterator[Callable[..., TaskServing]]:
    """Serves tasks in another thread."""
    started: list[tuple[TaskServing, threading.Thread]] = []

    def serving(*tasks: Any, **options: Any) -> TaskServing:
        made = TaskServing(current_client(), tasks, **options)
        thread = threading.Thread(target=made.run, daemon=True)
        thread.start()
        started.append((made, thread))
        return made

    yield serving
    proceed.set()
    for made, thread in started:
        made.stop()
        made.stop()
        thread.join(30)
        assert not thread.is_alive()
