"""A client for ASGI applications that runs no server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.core.signals import request_finished, request_started

Header = tuple[bytes, bytes]


@dataclass
class Exchange:
    """One request and what was answered. `read` decides how many messages the client takes before it stops reading."""

    method: str = "GET"
    path: str = "/"
    parts: Sequence[bytes] = (b"",)
    headers: Sequence[Header] = ()
    root_path: str = ""
    leave_after: int | None = None  # body messages after which the client goes away
    messages: list[dict[str, Any]] = field(default_factory=list)

    async def run(self, application: Any) -> Exchange:
        self._left = asyncio.Event()
        self._waiting = list(self.parts)
        await application(self._scope(), self._receive, self._send)
        return self

    @property
    def status(self) -> int:
        return self.messages[0]["status"]

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages[1:])

    def header(self, name: str) -> str | None:
        for key, value in self.messages[0]["headers"]:
            if key.decode().lower() == name.lower():
                return value.decode()
        return None

    def _scope(self) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        return {
            "type": "http",
            "method": self.method,
            "path": self.root_path + path,
            "root_path": self.root_path,
            "query_string": query.encode(),
            "scheme": "http",
            "headers": [(b"host", b"testserver"), *self.headers],
            "client": ("127.0.0.1", 1),
            "server": ("testserver", 80),
        }

    async def _receive(self) -> dict[str, Any]:
        if self._waiting:
            part = self._waiting.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(self._waiting)}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        self.messages.append(message)
        if self.leave_after is not None and len(self.messages) > self.leave_after:
            self._left.set()
            await asyncio.sleep(0.01)


@contextmanager
def heard_of_requests() -> Iterator[list[str]]:
    """What Django's signals of requests told: `started`, `finished`."""
    told: list[str] = []

    def started(**_: Any) -> None:
        told.append("started")

    def finished(**_: Any) -> None:
        told.append("finished")

    request_started.connect(started)
    request_finished.connect(finished)
    try:
        yield told
    finally:
        request_started.disconnect(started)
        request_finished.disconnect(finished)
