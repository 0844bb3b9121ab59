"""Sockets on which events go in, and frames that are ready before a clock starts: the sender only copies bytes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.frames import Frame, Opcode
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from benchmarks.row import Incorrect
from benchmarks.sides import PASSWORD, Side, authorization

_BURST_FRAMES = 100  # sent in one piece; between two of them the socket answers PINGs
_GREETING_SECONDS = 20.0


class EventSocket:
    """One connection to `/events/in`, greeted and let in."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    def send(self, bursts: Sequence[bytes]) -> None:
        """What `framed` made, until the system has taken the last byte. Raises OSError when the server hangs up."""
        for burst in bursts:
            with self._connection.protocol_mutex:  # a PONG must not come into the middle of a frame
                self._connection.socket.sendall(burst)


def framed(events: Sequence[dict[str, Any]]) -> list[bytes]:
    """The events as a client sends them, a masked text frame each."""
    frames = [Frame(Opcode.TEXT, json.dumps(event).encode()).serialize(mask=True) for event in events]
    return [b"".join(frames[at : at + _BURST_FRAMES]) for at in range(0, len(frames), _BURST_FRAMES)]


@contextmanager
def event_sockets(side: Side, count: int) -> Iterator[list[EventSocket]]:
    """Raises Incorrect when the server does not let them in."""
    with ExitStack() as stack:
        yield [EventSocket(stack.enter_context(_let_in(side))) for _ in range(count)]


@contextmanager
def sending(sockets: Sequence[EventSocket], bursts: Sequence[list[bytes]]) -> Iterator[None]:
    """Inside, every socket sends its bursts, all at once. Afterwards all was sent; raises Incorrect when it was not."""
    failed: list[OSError] = []

    def send(socket: EventSocket, mine: list[bytes]) -> None:
        try:
            socket.send(mine)
        except OSError as error:
            failed.append(error)

    threads = [threading.Thread(target=send, args=each) for each in zip(sockets, bursts, strict=True)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.join()
    if failed:
        raise Incorrect(f"A socket was closed while events were sent: {failed[0]!r}")


@contextmanager
def _let_in(side: Side) -> Iterator[ClientConnection]:
    assert side.api_url is not None
    url = f"{side.api_url.replace('http', 'ws', 1)}/events/in"
    headers = {"Authorization": authorization()}
    with connect(
        url, subprotocols=[Subprotocol("prefect")], additional_headers=headers, compression=None
    ) as connection:
        try:
            connection.send(json.dumps({"type": "auth", "token": PASSWORD}))
            answer = json.loads(connection.recv(_GREETING_SECONDS))
        except (WebSocketException, TimeoutError, ValueError) as error:
            raise Incorrect(f"{side.name} does not let in who reports events: {error!r}") from None
        if answer != {"type": "auth_success"}:
            raise Incorrect(f"{side.name} greets who reports events with {answer}")
        yield connection
