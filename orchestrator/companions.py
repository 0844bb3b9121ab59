"""What lives beside the requests in a web process, in the order in which it starts; it stops in the opposite order."""

from __future__ import annotations

import asyncio

from orchestrator.events.pipeline import pipeline
from orchestrator.live.log_stream import receive_from_others
from orchestrator.live.tail import tail
from orchestrator.web.lifespan import Companion
from orchestrator.web.pulse import Pulse
from orchestrator.web.threads import http_threads, stream_threads

DRAIN_SECONDS = 10.0  # for what was accepted when the server is told to stop

_pulses: list[Pulse] = []
_tasks: list[asyncio.Task[None]] = []


async def _start_threads() -> None:
    http_threads.start()
    stream_threads.start()


async def _stop_threads() -> None:
    await asyncio.to_thread(http_threads.stop, DRAIN_SECONDS)
    await asyncio.to_thread(stream_threads.stop, DRAIN_SECONDS)


async def _start_pipeline() -> None:
    pipeline.start()


async def _stop_pipeline() -> None:
    await asyncio.to_thread(pipeline.stop, DRAIN_SECONDS)


async def _start_pulse() -> None:
    _pulses.append(Pulse())
    _pulses[-1].start()


async def _stop_pulse() -> None:
    while _pulses:
        await asyncio.to_thread(_pulses.pop().stop, DRAIN_SECONDS)


async def _start_lines() -> None:
    _tasks.append(asyncio.create_task(receive_from_others()))


async def _stop_lines() -> None:
    while _tasks:
        _tasks.pop().cancel()


async def _stop_tail() -> None:
    await asyncio.to_thread(tail.stop, DRAIN_SECONDS)


COMPANIONS = (
    Companion("The event pipeline", _start_pipeline, _stop_pipeline),
    Companion("The request threads", _start_threads, _stop_threads),
    Companion("The event tail", stop=_stop_tail),
    Companion("The log lines of other processes", _start_lines, _stop_lines),
    Companion("The pulse", _start_pulse, _stop_pulse),
)
