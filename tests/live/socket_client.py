"""A client for the websocket consumers that runs no server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any

PATIENCE_SECONDS = 5.0


class SocketClient:
    """`async with SocketClient(application, …) as client:` connects; `accepted` is False when the server refused."""

    def __init__(
        self,
        application: Callable[..., Awaitable[None]],
        path: str = "/",
        *,
        subprotocols: tuple[str, ...] = (),
        headers: dict[str, str] | None = None,
        extensions: dict[str, Any] | None = None,
    ) -> None:
        self._application = application
        self.scope = {
            "type": "websocket",
            "path": path,
            "root_path": "",
            "query_string": b"",
            "headers": [(b"host", b"testserver")] + [(k.encode(), v.encode()) for k, v in (headers or {}).items()],
            "subprotocols": list(subprotocols),
            "extensions": extensions or {},
        }
        self._to_server: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from_server: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def __aenter__(self) -> SocketClient:
        self._to_server.put_nowait({"type": "websocket.connect"})
        self._task = asyncio.ensure_future(
            self._application(self.scope, self._to_server.get, self._from_server.put)  # type: ignore[arg-type]
        )
        self.answer = await asyncio.wait_for(self._from_server.get(), PATIENCE_SECONDS)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._to_server.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await asyncio.wait_for(self._task, PATIENCE_SECONDS)

    @property
    def accepted(self) -> bool:
        return self.answer["type"] == "websocket.accept"

    def give(self, message: dict[str, Any]) -> None:
        """A message of the protocol, as the server would make it."""
        self._to_server.put_nowait(message)

    async def say(self, value: Any) -> None:
        self.give({"type": "websocket.receive", "text": value if isinstance(value, str) else json.dumps(value)})

    async def hear(self) -> Any:
        """The next frame's JSON value, or the code with which the server closes."""
        message = await asyncio.wait_for(self._from_server.get(), PATIENCE_SECONDS)
        return message["code"] if message["type"] == "websocket.close" else json.loads(message["text"])

    async def hears_nothing(self, seconds: float = 0.2) -> bool:
        await asyncio.sleep(seconds)
        return self._from_server.empty()
