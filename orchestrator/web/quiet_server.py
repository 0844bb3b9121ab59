"""A web server that sleeps while nobody asks it anything.

uvicorn's own looks ten times a second whether it is to stop, which is most of what an idle process does.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import FrameType

import uvicorn

DATE_SECONDS = 1.0  # how often the date in the headers of answers is written anew


class QuietServer(uvicorn.Server):
    """It is woken by the signal that ends it. Other threads must not set `should_exit`."""

    _told_to_stop: asyncio.Event | None = None

    async def main_loop(self) -> None:
        self._serving = asyncio.get_running_loop()
        self._told_to_stop = asyncio.Event()
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                async with asyncio.timeout(DATE_SECONDS):
                    await self._told_to_stop.wait()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self._told_to_stop is not None:  # otherwise the first tick sees it
            self._serving.call_soon_threadsafe(self._told_to_stop.set)
