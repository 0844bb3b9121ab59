"""Small servers for the tests: one that answers as it is told, and a proxy that opens no websocket."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager


@contextmanager
def listening(answer):
    """A server on a free port; `answer` is given each request's bytes and returns what is sent back."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.sendall(answer(_request(connection)))

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()


@contextmanager
def proxy_without_upgrade(target):
    """Passes everything on to `target` but the headers that open a websocket, as proxies do that were not told to."""
    host, port = target.removeprefix("http://").split(":")

    def forward(request):
        head, _, rest = request.partition(b"\r\n\r\n")
        lines = [line for line in head.split(b"\r\n") if not line.lower().startswith((b"upgrade:", b"connection:"))]
        with socket.create_connection((host, int(port)), timeout=5) as server:
            server.sendall(b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n" + rest)
            return b"".join(iter(lambda: server.recv(65536), b""))

    with listening(forward) as url:
        yield url


def _request(connection):
    """The whole of it: programs send the body apart from the headers."""
    request = connection.recv(65536)
    while b"\r\n\r\n" not in request and (more := connection.recv(65536)):
        request += more
    head, _, body = request.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while lengths and len(body) < int(lengths[0]) and (more := connection.recv(65536)):
        body += more
    return head + b"\r\n\r\n" + body
