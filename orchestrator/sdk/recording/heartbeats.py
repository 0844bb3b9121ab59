"""Signs of life: a run that no worker looks after tells the server now and then that its process lives."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from orchestrator.contract.events import HEARTBEAT, resource
from orchestrator.contract.ids import uuid7
from orchestrator.contract.times import format_time, now
from orchestrator.sdk.configuration import settings
from orchestrator.sdk.errors import OrchestratorError

if TYPE_CHECKING:
    from orchestrator.sdk.flows.flow_run import FlowRun

_FIRST_AFTER_SECONDS = 1.0  # a run that is quicker needs none
_AGAIN_AFTER_SECONDS = 5.0  # when the server did not answer


@contextmanager
def signs_of_life(run: FlowRun) -> Iterator[None]:
    """Inside, a thread sends them every `ORCHESTRATOR_HEARTBEAT_SECONDS`, whatever the run itself is busy with.

    They do not queue behind other events: one that comes late says nothing.
    """
    every_seconds = settings.heartbeat_seconds()
    if run.client is None or not every_seconds:
        yield
        return
    over = threading.Event()
    beat = threading.Thread(target=_beat, args=(run, every_seconds, over), name="orchestrator-heartbeat", daemon=True)
    beat.start()
    try:
        yield
    finally:
        over.set()


def _beat(run: FlowRun, every_seconds: float, over: threading.Event) -> None:
    pause = min(_FIRST_AFTER_SECONDS, every_seconds)
    while not over.wait(pause):
        if not run.id or run.client is None:  # it waits for its inputs, and was not made yet
            continue
        pause = every_seconds
        try:
            run.client.send("POST", "/events", [_event(run, every_seconds)], patience_seconds=0)
        except OrchestratorError:
            pause = min(_AGAIN_AFTER_SECONDS, every_seconds)


def _event(run: FlowRun, every_seconds: float) -> dict[str, Any]:
    related = []
    if run.flow_id:
        related.append(resource("flow", run.flow_id, name=run.flow.name, role="flow"))
    return {
        "id": str(uuid7()),
        "occurred": format_time(now()),
        "event": HEARTBEAT,
        "resource": resource("flow-run", run.id, name=run.name),
        "related": related,
        "payload": {"interval_seconds": every_seconds, "host": _host(), "process_id": os.getpid()},
    }


def _host() -> str:
    import socket

    return socket.gethostname()
