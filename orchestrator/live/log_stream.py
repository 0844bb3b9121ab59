"""Handing new log lines to whoever watches, in this process and, with Redis, in the others.

A line is a mapping as the API answers it, with times and identifiers as values. One that is not handed on is not lost:
it is in the database, and pages ask for what they missed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import orjson
from asgiref.sync import async_to_sync
from channels.layers import InMemoryChannelLayer, get_channel_layer

from orchestrator.contract.times import parse_time
from orchestrator.live.hub import all_hubs, current_hub

logger = logging.getLogger(__name__)

Line = dict[str, Any]

GROUP = "log-lines"
LINES_PER_MESSAGE = 200
RECONNECT_SECONDS = 1.0
_PROCESS = uuid4().hex  # tells the messages of this process from those of others
_TIMES = ("created", "updated", "timestamp")
_IDENTIFIERS = ("id", "flow_run_id", "task_run_id")


def lines_wanted() -> bool:
    """Whether somebody may be watching, so that it is worth while to prepare the lines."""
    return _shared_layer() is not None or any(hub.wants_lines for hub in all_hubs())


def publish_lines(lines: Sequence[Line]) -> None:
    """Hand on lines that are committed. Returns at once and may be called from any thread."""
    hubs = all_hubs()
    for hub in hubs:
        hub.lines_came(lines)
    layer = _shared_layer()
    if layer is None:
        return
    for start in range(0, len(lines), LINES_PER_MESSAGE):
        part = orjson.dumps(list(lines[start : start + LINES_PER_MESSAGE]))
        message = {"type": "log.lines", "lines": part, "process": _PROCESS}
        if hubs:
            asyncio.run_coroutine_threadsafe(layer.group_send(GROUP, message), hubs[0].loop)
        else:
            async_to_sync(layer.group_send)(GROUP, message)


async def receive_from_others() -> None:
    """Hand the lines of other web processes to this one's hub, until cancelled. Ends at once when nothing is shared."""
    layer = _shared_layer()
    if layer is None:
        return
    from redis.exceptions import RedisError  # only a shared layer needs the library, which is slow to import

    current_hub()  # known from now on: without one, every batch of lines is sent by an event loop and a connection anew
    while True:
        try:
            channel = await layer.new_channel()
            await layer.group_add(GROUP, channel)
            while True:
                message = await layer.receive(channel)
                hub = current_hub()
                if message["process"] != _PROCESS and hub.wants_lines:
                    hub.spread_lines([_read(line) for line in orjson.loads(message["lines"])])
        except (OSError, RedisError) as error:
            logger.warning("The channel layer is away; log lines of other processes are not live: %s", error)
            await asyncio.sleep(RECONNECT_SECONDS)


def _read(line: Line) -> Line:
    values = {key: parse_time(line[key]) for key in _TIMES}
    return line | values | {key: UUID(line[key]) for key in _IDENTIFIERS if line[key]}


def _shared_layer() -> Any:
    """The channel layer that several processes share, or None."""
    layer = get_channel_layer()
    return None if layer is None or isinstance(layer, InMemoryChannelLayer) else layer
