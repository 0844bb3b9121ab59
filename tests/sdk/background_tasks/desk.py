"""A server's side of serving tasks, which the tests play, and tasks to be served."""

from __future__ import annotations

import queue
import threading
from typing import Any

from orchestrator import task
from orchestrator.sdk.api.client import current_client
from orchestrator.sdk.errors import SocketLost
from tests.sdk.fake_api import FakeApi

GONE = object()
proceed = threading.Event()
calls: list[Any] = []

_PATIENCE_SECONDS = 30.0  # with a machine that is busy


@task
def double(x: int) -> int:
    calls.append(x)
    return 2 * x


@task
def wait_for_it(x: int) -> int:
    calls.append(x)
    proceed.wait(_PATIENCE_SECONDS)
    return x


@task
async def double_async(x: int) -> int:
    return 2 * x


class Desk:
    """The server's side of the sockets."""

    def __init__(self) -> None:
        self.said: queue.Queue[dict[str, Any]] = queue.Queue()
        self.to_hear: queue.Queue[Any] = queue.Queue()
        self.refuses: Exception | None = None
        self.opened = 0

    def socket(self, client: Any, path: str) -> Desk:
        assert path == "/task_runs/subscriptions/scheduled"
        self.opened += 1
        if self.refuses is not None:
            raise self.refuses
        return self

    def __enter__(self) -> Desk:
        return self

    def __exit__(self, *error: object) -> None: ...

    def say(self, frame: dict[str, Any]) -> None:
        self.said.put(frame)

    def hear(self, timeout: float | None = None) -> Any:
        try:
            frame = self.to_hear.get(timeout=timeout)
        except queue.Empty:
            return None
        if frame is GONE:
            raise SocketLost("gone")
        return frame

    # What the tests say.

    def next(self) -> dict[str, Any]:
        return self.said.get(timeout=_PATIENCE_SECONDS)

    def subscribed(self, *holds: str) -> dict[str, Any]:
        """The subscription, which is answered as a server of ours does."""
        frame = self.next()
        self.to_hear.put({"type": "subscribed", "id": "one", "lease_seconds": 15, "holds": list(holds)})
        return frame


def delayed(api: FakeApi, of: Any, *arguments: Any) -> dict[str, Any]:
    return api.task_runs[of.delay(*arguments).task_run_id]


def names(api: FakeApi, run: dict[str, Any]) -> list[str]:
    """The states of the run that the server was told of by now."""
    current_client().delivery.flush(_PATIENCE_SECONDS)
    mine = [each for each in api.events if each["resource"]["prefect.resource.id"].endswith(run["id"])]
    return [each["payload"]["validated_state"]["name"] for each in mine]
