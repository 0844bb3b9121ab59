"""How the connections of one listening socket are shared out among several web processes.

The kernel hands a connection to whoever asks first, and an event loop that asks takes all that wait: of eight
connections that are opened at once, one process would get most. So each process takes one at a time, and whoever serves
more than another holds back for a moment. Not for longer, because the other one may be busy, or dead.
"""

from __future__ import annotations

import asyncio
import logging
import mmap
import os
import select
import socket
from collections.abc import Callable
from typing import Any

import uvicorn

from orchestrator.web.quiet_server import QuietServer

logger = logging.getLogger(__name__)

MOST_PROCESSES = 64
STEP_SECONDS = 0.001  # after which who holds back looks again
MOST_STEPS = 30  # before it takes the connection all the same
EXHAUSTED_SECONDS = 1.0  # the pause after no more files could be opened
_BYTES = 8  # of a number


class Loads:
    """How many connections each process serves, in memory that all of them share. Each writes its own number only.

    `descriptor` is that of a file for this purpose, which need not have a length yet.
    """

    def __init__(self, descriptor: int, number: int) -> None:
        """`number` is that of this process, from 0. It is not counted in until it says how many it serves."""
        os.ftruncate(descriptor, MOST_PROCESSES * _BYTES)
        self._loads = memoryview(mmap.mmap(descriptor, MOST_PROCESSES * _BYTES)).cast("q")  # 0: nobody is there
        self._number = number
        self._loads[number] = 0  # whoever had this number before has died

    def say(self, connections: int) -> None:
        self._loads[self._number] = connections + 1

    def leave(self) -> None:
        self._loads[self._number] = 0

    @property
    def is_ahead(self) -> bool:
        """Whether another process serves fewer."""
        mine = self._loads[self._number]
        return any(0 < load < mine for load in self._loads)


class Connections(set[Any]):
    """Those of this process. It tells how many there are whenever that changes."""

    def __init__(self, tell: Callable[[], None]) -> None:
        super().__init__()
        self._tell = tell

    def add(self, connection: Any) -> None:
        super().add(connection)
        self._tell()

    def discard(self, connection: Any) -> None:
        super().discard(connection)
        self._tell()


class SharingServer(QuietServer):
    """Serves its share of what comes to a listening socket that other processes have, too."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket, loads: Loads) -> None:
        super().__init__(config)
        self._listener = listener
        self._loads = loads
        self.server_state.connections = Connections(self._say)
        self._opening: set[asyncio.Task[Any]] = set()  # taken, and not among the connections yet
        self._is_open = False
        self._steps = 0  # for which it has held back from whoever waits now
        self._look_again: asyncio.TimerHandle | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=[])
        self._loop = asyncio.get_running_loop()
        self._listener.setblocking(False)
        self._waiting = select.poll()
        self._waiting.register(self._listener, select.POLLIN)
        self._is_open = True
        self._say()
        self._listen()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._rest()
        self._listener.close()
        self._is_open = False
        self._loads.leave()
        await super().shutdown(sockets)

    def _say(self) -> None:
        if self._is_open:
            self._loads.say(len(self.server_state.connections) + len(self._opening))

    def _listen(self) -> None:
        if not self._waiting.poll(0):
            self._steps = 0  # somebody else took who waited
        self._look_again = None
        self._loop.add_reader(self._listener, self._is_called)

    def _rest(self, seconds: float | None = None) -> None:
        """Look no more at who comes; after so many seconds again."""
        self._loop.remove_reader(self._listener)
        if self._look_again is not None:
            self._look_again.cancel()
        self._look_again = None if seconds is None else self._loop.call_later(seconds, self._listen)

    def _is_called(self) -> None:
        if self._loads.is_ahead and self._steps < MOST_STEPS:
            self._steps += 1
            self._rest(STEP_SECONDS)
            return
        self._steps = 0
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # another process was quicker, or the caller has left
        except OSError as error:
            logger.error("No connection can be accepted: %s", error)
            self._rest(EXHAUSTED_SECONDS)
            return
        connection.setblocking(False)
        opening = self._loop.create_task(self._open(connection))
        self._opening.add(opening)
        opening.add_done_callback(self._opened)
        self._say()

    async def _open(self, connection: socket.socket) -> None:
        await self._loop.connect_accepted_socket(self._protocol, connection)

    def _opened(self, opening: asyncio.Task[Any]) -> None:
        self._opening.discard(opening)
        self._say()
        if not opening.cancelled() and (error := opening.exception()) is not None:
            logger.warning("A connection could not be served: %s", error)

    def _protocol(self) -> asyncio.Protocol:
        protocol: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol
