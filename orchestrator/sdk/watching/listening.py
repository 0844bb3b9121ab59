"""Events of the server as they are pushed: connecting, asking for them, connecting again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

from orchestrator.contract.times import format_time, now
from orchestrator.sdk.api.client import Client
from orchestrator.sdk.api.sockets import ApiSocket
from orchestrator.sdk.errors import SocketLost, SocketRefused
from orchestrator.sdk.timing.pace import growing_intervals

_MOST_PAUSE_SECONDS = 10.0  # between two attempts to connect to a server that is away


class Listening:
    """The pushed events that a filter lets through. `wanted` is its part beside `occurred`.

    Whoever listens looks by itself too: nothing is pushed while there is no connection, and a server may have none.
    """

    def __init__(self, client: Client, wanted: dict[str, Any]) -> None:
        self._client = client
        self._wanted = wanted
        self._socket: ApiSocket | None = None
        self._is_refused = not client.transport.address.startswith("http")
        self._pauses: Iterator[float] = growing_intervals(_MOST_PAUSE_SECONDS)
        self._not_before = 0.0
        self._since = 0.0

    @property
    def is_refused(self) -> bool:
        """The server pushes nothing, or not to this client: it is not asked again."""
        return self._is_refused

    @property
    def is_connected(self) -> bool:
        return self._socket is not None

    def connect(self) -> bool:
        """Listen from now on. True when that is new: what happened before was not pushed.

        False when a connection is there, or cannot be had now. A server that is away is tried again by a later call,
        after pauses that grow; calls in between do nothing.
        """
        if self._socket is not None or self._is_refused or time.monotonic() < self._not_before:
            return False
        socket = None
        try:
            socket = ApiSocket(self._client, "/events/out")
            socket.say({"type": "filter", "filter": {**self._wanted, "occurred": _from_now_on()}})
        except (SocketLost, SocketRefused) as error:
            if socket is not None:
                _close(socket)
            self._is_refused = isinstance(error, SocketRefused)
            self._not_before = time.monotonic() + next(self._pauses)
            return False
        self._socket, self._since = socket, time.monotonic()
        return True

    def hear(self, seconds: float) -> dict[str, Any] | None:
        """The next event, None when none came within that time. A connection that breaks is closed: None at once."""
        if self._socket is None:
            return None
        try:
            frame = self._socket.hear(timeout=seconds)
        except (SocketLost, SocketRefused):
            self.close()
            if time.monotonic() - self._since > _MOST_PAUSE_SECONDS:  # it was a good one: the next may be at once
                self._pauses = growing_intervals(_MOST_PAUSE_SECONDS)
            self._not_before = time.monotonic() + next(self._pauses)
            return None
        if frame is None or frame.get("type") != "event":
            return None
        return frame.get("event") or {}

    def close(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            _close(socket)


def _close(socket: ApiSocket) -> None:
    with suppress(SocketLost, SocketRefused, OSError):
        socket.close()


def _from_now_on() -> dict[str, str]:
    moment = now()
    return {
        "since": format_time(moment - timedelta(minutes=1)),
        "until": format_time(moment + timedelta(days=365)),
    }
