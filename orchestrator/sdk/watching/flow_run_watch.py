"""Waiting until something happens to a flow run that executes elsewhere, or that somebody else is to resume."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, Self

from orchestrator.contract.times import format_time, now
from orchestrator.sdk.api.client import Client
from orchestrator.sdk.api.sockets import ApiSocket
from orchestrator.sdk.errors import SocketLost, SocketRefused
from orchestrator.sdk.timing import pace

_WORTH_SECONDS = 1.0  # who waits for less than that asks again sooner than a connection is made
_SLICE_SECONDS = 0.5  # how late a stop is noticed by who waits


class FlowRunWatch:
    """Sleeps, but wakes up early when the server pushes an event about the run.

    Who waits looks at the run each time: without a socket, or with one that breaks, it is woken by time alone.
    """

    def __init__(self, client: Client, flow_run_id: str) -> None:
        self._client = client
        self._flow_run_id = flow_run_id
        self._socket: ApiSocket | None = None
        self._no_push = not client.transport.address.startswith("http")

    def wait(self, seconds: float, *, stopped: Callable[[], bool] = lambda: False) -> None:
        """Returns after `seconds`, earlier after an event or when `stopped()`; at once after connecting, for a look."""
        if self._no_push or seconds < _WORTH_SECONDS or pace.is_hurried():
            pace.sleep(seconds)
            return
        if self._socket is None:
            self._socket = self._connected()
            if self._socket is not None:
                return
        deadline = time.monotonic() + seconds
        while not stopped():
            left = min(deadline - time.monotonic(), _SLICE_SECONDS)
            if left <= 0 or self._heard(left):
                return

    def close(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            with suppress(SocketLost, SocketRefused, OSError):
                socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _heard(self, seconds: float) -> bool:
        if self._socket is None:
            pace.sleep(seconds)
            return False
        try:
            frame = self._socket.hear(timeout=seconds)
        except (SocketLost, SocketRefused):
            self.close()
            return False
        return frame is not None and frame.get("type") == "event"

    def _connected(self) -> ApiSocket | None:
        try:
            socket = ApiSocket(self._client, "/events/out")
        except SocketRefused:
            self._no_push = True
            return None
        except SocketLost:
            return None
        try:
            socket.say({"type": "filter", "filter": self._filter()})
        except (SocketLost, SocketRefused):
            socket.close()
            return None
        return socket

    def _filter(self) -> dict[str, Any]:
        moment = now()
        return {
            "resource": {"id": [f"prefect.flow-run.{self._flow_run_id}"]},
            "occurred": {
                "since": format_time(moment - timedelta(minutes=1)),
                "until": format_time(moment + timedelta(days=365)),
            },
        }
