"""Requests over kept-alive connections, one after the other on each, and how long their answers took.

What sends them shares the processors with the server, so it is one thread that waits for all connections at once and
looks at no more of an answer than its head and what `check` looks at. Answers are not asked for in a compressed form.

A server that is too busy answers 503, and clients of both sides send such a request again. So does this: after a pause
that is far shorter than theirs, and the time counts from the first sending.
"""

from __future__ import annotations

import json
import selectors
import socket
import statistics
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from benchmarks.sides import authorization

CONNECTIONS = 8
PAUSE_SECONDS = 0.05  # before a refused request is sent again; Prefect's own client waits for two seconds and more

_BUSY = 503  # the request was not done
_PATIENCE_SECONDS = 120.0
_MOST_AT_ONCE = 1 << 20  # bytes that are taken from a connection at a time

Conversation = Sequence[bytes]  # requests of which each is sent when the one before was answered
Check = Callable[[bytes], bool]


class BadAnswer(ValueError):
    """An answer of another status, one that is not what was asked for, or none."""


@dataclass(frozen=True)
class Load:
    """How it went. `waits` are the seconds from first sending each request to having its whole answer."""

    seconds: float
    waits: list[float] = field(repr=False)
    refused: int  # requests that were sent again, counted each time
    own_cpu_seconds: float  # of whoever sent the requests

    @property
    def requests_per_second(self) -> float:
        return len(self.waits) / self.seconds

    @property
    def p95_ms(self) -> float:
        if len(self.waits) < 2:
            return self.waits[0] * 1000
        return statistics.quantiles(self.waits, n=20, method="inclusive")[-1] * 1000


def request(url: str, body: Any, *, method: str = "POST") -> bytes:
    """The bytes of a request, with a JSON body and the password."""
    parts, content = urlsplit(url), json.dumps(body).encode()
    head = (
        f"{method} {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: {authorization()}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def send(
    url: str,
    conversations: Iterable[Conversation],
    *,
    status: int,
    check: Check = bool,
    connections: int = CONNECTIONS,
) -> Load:
    """Lead each conversation, over whichever connection to the server at `url` is free.

    Every answer has to have this status and a body that passes `check`. Raises BadAnswer, or OSError.
    """
    parts = urlsplit(url)
    lines = [_Line((str(parts.hostname), int(parts.port or 80))) for _ in range(connections)]
    return _Load(lines, iter(conversations), status, check).lead()


class _Load:
    def __init__(self, lines: list[_Line], waiting: Iterator[Conversation], status: int, check: Check) -> None:
        self._lines, self._waiting, self._status, self._check = lines, waiting, status, check
        self._selector = selectors.DefaultSelector()
        self._paused: deque[tuple[float, _Line]] = deque()  # by the time at which each goes on
        self._waits: list[float] = []
        self._refused = 0

    def lead(self) -> Load:
        try:
            for line in self._lines:
                line.connect()
            own, began = time.process_time(), time.perf_counter()
            for line in self._lines:
                self._go_on(line)
            while self._selector.get_map() or self._paused:
                self._wait()
            return Load(time.perf_counter() - began, self._waits, self._refused, time.process_time() - own)
        finally:
            self._selector.close()
            for line in self._lines:
                line.close()

    def _go_on(self, line: _Line) -> None:
        """With the next request of its conversation, else with the next conversation, if there is one."""
        is_new = line.sent_at == 0.0
        while not line.sends_next():
            conversation = next(self._waiting, None)
            if conversation is None:
                if not is_new:
                    self._selector.unregister(line.socket)
                return
            line.rest = iter(conversation)
        if is_new:
            self._selector.register(line.socket, selectors.EVENT_READ, line)

    def _wait(self) -> None:
        until_next = max(0.0, self._paused[0][0] - time.perf_counter()) if self._paused else _PATIENCE_SECONDS
        ready = self._selector.select(until_next)
        if not ready and not self._paused:
            raise BadAnswer(f"There was no answer within {_PATIENCE_SECONDS:g} seconds.")
        for key, _ in ready:
            answer = key.data.read()
            if answer is not None:
                self._take(key.data, *answer)
        while self._paused and self._paused[0][0] <= time.perf_counter():
            self._send_again(self._paused.popleft()[1])

    def _take(self, line: _Line, status: int, body: bytes) -> None:
        at = time.perf_counter()
        if status == _BUSY and at - line.sent_at < _PATIENCE_SECONDS:
            self._refused += 1
            self._selector.unregister(line.socket)
            self._paused.append((at + PAUSE_SECONDS, line))
            return
        self._waits.append(at - line.sent_at)
        if status != self._status or not self._check(body):
            raise BadAnswer(f"{status} {body[:500]!r}")
        self._go_on(line)

    def _send_again(self, line: _Line) -> None:
        line.connect()  # Prefect closes the connection after such an answer
        line.sends_again()
        self._selector.register(line.socket, selectors.EVENT_READ, line)


class _Line:
    """A connection, and the conversation that goes over it."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.socket()
        self.sent_at = 0.0  # when the present request was sent first
        self.rest: Iterator[bytes] = iter(())
        self._address = address
        self._request = b""
        self._parts: list[bytes] = []
        self._missing = 0  # bytes of the answer's body, once its head is there
        self._status = 0

    def connect(self) -> None:
        """Anew, if there was a connection."""
        self.close()
        self.socket = socket.create_connection(self._address, timeout=_PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        with suppress(OSError):
            self.socket.close()

    def sends_next(self) -> bool:
        """Whether the conversation has another request."""
        request = next(self.rest, None)
        if request is None:
            return False
        self._request, self.sent_at = request, time.perf_counter()
        self.sends_again()
        return True

    def sends_again(self) -> None:
        self.socket.sendall(self._request)

    def read(self) -> tuple[int, bytes] | None:
        """Status and body, once they are there as a whole."""
        data = self.socket.recv(_MOST_AT_ONCE)
        if not data:
            raise BadAnswer("The server closed the connection.")
        self._parts.append(data)
        if self._status:
            self._missing -= len(data)
        else:
            self._read_head()
        if not self._status or self._missing > 0:
            return None
        answer = self._status, b"".join(self._parts)
        self._parts, self._status = [], 0
        return answer

    def _read_head(self) -> None:
        head, end, body = b"".join(self._parts).partition(b"\r\n\r\n")
        if not end:
            return
        lower = head.lower()
        _, found, after = lower.partition(b"\r\ncontent-length:")
        if not found:
            raise BadAnswer(f"The answer does not say how long it is: {head[:500]!r}")
        self._status = int(lower.split(None, 2)[1])
        self._missing = int(after.partition(b"\r\n")[0]) - len(body)
        self._parts = [body]
