"""What must hold before a server can start. Each failure is one clear line."""

from __future__ import annotations

import errno
import os
import socket
import sys
from pathlib import Path

LEAST_PYTHON = (3, 11)


class CannotStart(Exception):
    """The server cannot start; the message says why and what helps."""


def check_python() -> None:
    if sys.version_info < LEAST_PYTHON:
        least, this = (".".join(map(str, version[:2])) for version in (LEAST_PYTHON, sys.version_info))
        raise CannotStart(f"Python {least} or newer is needed; this is {this}.")


def check_home(home: Path) -> None:
    """Make the data directory and try to write in it."""
    probe = home / f".write-test-{os.getpid()}"
    try:
        home.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise CannotStart(
            f"The data directory {home} cannot be written ({error.strerror}); set ORCHESTRATOR_HOME."
        ) from None


def listen(host: str, port: int) -> socket.socket:
    """A listening socket for the web server. It outlives a restart of that: connections wait meanwhile."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except socket.gaierror as error:
        raise CannotStart(f"The host {host!r} is not known ({error.strerror}).") from None
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise CannotStart(f"Port {port} on {host} is in use; choose another with --port.") from None
        raise CannotStart(f"Port {port} on {host} cannot be opened ({error.strerror}).") from None
    listener.listen(2048)
    return listener


def is_loopback(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith("127.")
