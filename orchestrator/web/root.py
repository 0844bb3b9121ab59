"""One address for everything: HTTP, websockets and the server's own life."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from orchestrator.web.bodies import Message, Receive

Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]


class Root:
    """Hands each connection to the application that is made for its kind."""

    def __init__(self, **applications: Application) -> None:
        self._applications = applications

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        await self._applications[scope["type"]](scope, receive, send)
