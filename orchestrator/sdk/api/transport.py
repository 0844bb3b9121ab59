"""How a request travels. One method is the seam: a test, or another protocol, replaces the whole class."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any, Protocol

from orchestrator.sdk.configuration.addresses import split_address
from orchestrator.sdk.errors import SettingError

CLAIM_HEADER = "X-Orchestrator-Claim"  # under which claim a worker speaks


@dataclass(frozen=True, slots=True)
class Request:
    """`path` begins behind the API's URL, with a slash. `once`: it must not arrive twice."""

    method: str
    path: str
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    once: bool = False


@dataclass(frozen=True, slots=True)
class Response:
    """Header names are lower case."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        """The decoded body; None when it is empty. Raises ValueError when it is no JSON."""
        import json

        return json.loads(self.body) if self.body else None


class Transport(Protocol):
    @property
    def address(self) -> str:
        """Where requests go, for messages; without credentials."""
        ...

    def handle(self, request: Request) -> Response:
        """Send once and return the answer, whatever its status. Raises OSError when no whole answer came."""
        ...


class HttpTransport:
    """Plain HTTP/1.1 over one kept-alive connection per thread."""

    def __init__(self, api_url: str, *, timeout_seconds: float = 60.0) -> None:
        try:
            parts = split_address(api_url)
        except ValueError as error:
            raise SettingError(f"ORCHESTRATOR_API_URL is {api_url!r}; {error}") from None
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port
        self._prefix = parts.path.rstrip("/")
        self.address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{self._prefix}"
        self._timeout_seconds = timeout_seconds
        self._local = threading.local()

    def handle(self, request: Request) -> Response:
        connection = getattr(self._local, "connection", None)
        if connection is not None and request.once:  # an old one may break when nobody knows what has arrived
            self._drop(connection)
            connection = None
        if connection is None:
            return self._exchange(self._connect(), request)
        try:
            return self._exchange(connection, request)
        except ConnectionError:
            # The server may close an idle connection at any moment, and we only learn that by using it. A time-out is
            # not that: it is left to the caller.
            return self._exchange(self._connect(), request)

    def forget_connections(self) -> None:
        """After a fork: the sockets belong to the parent."""
        self._local = threading.local()

    def _connect(self) -> Any:
        import http.client

        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=self._timeout_seconds)
        connection.connect()
        _send_small_packets_at_once(connection.sock)
        self._local.connection = connection
        return connection

    def _exchange(self, connection: Any, request: Request) -> Response:
        import http.client

        try:
            connection.request(request.method, self._prefix + request.path, body=request.body, headers=request.headers)
            answer = connection.getresponse()
            body = answer.read()
        except http.client.HTTPException as error:
            self._drop(connection)
            raise ConnectionError(f"{type(error).__name__}: {error}") from error
        except BaseException:
            # A stop raised in the middle leaves half an answer on the line: it must not be read as the next one.
            self._drop(connection)
            raise
        if answer.will_close:
            self._drop(connection)
        return Response(answer.status, body, {name.lower(): value for name, value in answer.getheaders()})

    def _drop(self, connection: Any) -> None:
        self._local.connection = None
        connection.close()


def _send_small_packets_at_once(sock: Any) -> None:
    import socket

    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
