"""Serving below a path, such as `/orchestrator` of `https://host/orchestrator`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from orchestrator.web.bodies import Message, Receive

Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]


class Prefixed:
    """Makes one form of every address: a proxy may hand requests on with the prefix, or take it off."""

    def __init__(self, application: Application, prefix: str) -> None:
        self._application = application
        self._prefix = prefix

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if self._prefix and scope["type"] in ("http", "websocket"):
            scope = self._below_prefix(scope)
        await self._application(scope, receive, send)

    def _below_prefix(self, scope: Message) -> Message:
        path: str = scope["path"]
        raw: bytes | None = scope.get("raw_path")
        if path == self._prefix:
            path, raw = f"{path}/", None
        elif not path.startswith(f"{self._prefix}/"):
            path = self._prefix + path
            raw = None if raw is None else self._prefix.encode() + raw
        return {**scope, "path": path, "raw_path": raw, "root_path": self._prefix}
