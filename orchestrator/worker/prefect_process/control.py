"""A line to Prefect's engine, over which it learns that the SIGTERM to come is a cancellation and no crash.

The engine is told a port and a token in its environment. While a flow executes, it is connected, and begins by saying
what it can do. The byte `c` announces a cancellation and is acknowledged with `a`. An engine that is still starting,
or that does not know of the line, is not connected.
"""

from __future__ import annotations

import secrets
import socket
import threading
from contextlib import suppress
from types import TracebackType

_ANNOUNCE_CANCELLATION = b"c"
_ACKNOWLEDGED = b"a"
_GREETING = b"\x00PF"
_GREETING_BYTES = 5  # the mark, a version, and a set of abilities
_PLAIN = _GREETING + b"\x01\x00"  # the first version, without any ability
_TOKEN_BYTES = 128


class ControlLine:
    """Listens for one engine while it is entered."""

    def __init__(self) -> None:
        self._token = secrets.token_hex(16)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=2)
        self._engine: socket.socket | None = None
        self._acknowledged = threading.Event()
        self._gone = threading.Event()

    @property
    def environment(self) -> dict[str, str]:
        """What the engine has to find in its environment."""
        return {
            "PREFECT__CONTROL_PORT": str(self._listener.getsockname()[1]),
            "PREFECT__CONTROL_TOKEN": self._token,
        }

    def __enter__(self) -> ControlLine:
        threading.Thread(target=self._serve, name="line-to-engine", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._gone.set()
        self._acknowledged.set()
        for each in (self._listener, self._engine):
            if each is not None:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)  # ends the thread's waiting, which closing would not
                each.close()

    def announce_cancellation(self, *, within_seconds: float) -> bool:
        """Whether the engine has understood: it expects SIGTERM now, and will run its hooks and end as cancelled."""
        engine = self._engine
        if engine is None:
            return False
        try:
            engine.sendall(_ANNOUNCE_CANCELLATION)
        except OSError:
            return False
        return self._acknowledged.wait(within_seconds) and not self._gone.is_set()

    def _serve(self) -> None:
        while not self._gone.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with suppress(OSError):
                connection.settimeout(5.0)
                if not self._knows_the_token(connection):
                    connection.close()
                    continue
                connection.settimeout(None)
                self._engine = connection
                self._listen_to(connection)
            self._engine = None
            connection.close()

    def _knows_the_token(self, connection: socket.socket) -> bool:
        line = b""
        while not line.endswith(b"\n"):
            byte = connection.recv(1)
            if not byte or len(line) > _TOKEN_BYTES:
                return False
            line += byte
        return secrets.compare_digest(line.strip(), self._token.encode())

    def _listen_to(self, connection: socket.socket) -> None:
        while byte := connection.recv(1):
            if byte == _ACKNOWLEDGED:
                self._acknowledged.set()
                return
            if byte != _GREETING[:1]:
                return
            for _ in range(_GREETING_BYTES - 1):
                connection.recv(1)
            connection.sendall(_PLAIN)
