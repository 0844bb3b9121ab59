"""What runs beside the requests: begun when the server starts, ended in the opposite order when it stops."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from orchestrator.web.bodies import Message, Receive

logger = logging.getLogger(__name__)
Step = Callable[[], Awaitable[None]]


async def nothing() -> None:
    """For a companion that has no work at one of its ends."""


class Companion(NamedTuple):
    """Something that lives as long as the server does."""

    name: str
    start: Step = nothing
    stop: Step = nothing


class Lifespan:
    """The ASGI application for the scope of type `lifespan`."""

    def __init__(self, companions: Sequence[Companion]) -> None:
        self._companions = companions
        self._started: list[Companion] = []

    async def __call__(self, scope: Message, receive: Receive, send: Callable[[Message], Awaitable[None]]) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self.start()
                except Exception as error:
                    logger.exception("The server could not start.")
                    await self.stop()
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    return
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def start(self) -> None:
        for companion in self._companions:
            self._started.append(companion)
            await companion.start()

    async def stop(self) -> None:
        while self._started:
            companion = self._started.pop()
            try:
                await companion.stop()
            except Exception:  # the others must still be stopped
                logger.exception("%s did not stop cleanly.", companion.name)
