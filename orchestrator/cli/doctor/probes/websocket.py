"""Whether a websocket opens, seen from the outside."""

from __future__ import annotations

import base64
import os
import socket
import ssl
from urllib.parse import urlsplit

PATIENCE_SECONDS = 5.0
PATH = "/api/events/out"


def handshake_status(url: str) -> int | str:
    """The status that a request for a websocket below this address is answered with, 101 when it opens; or, as text,
    why there is no answer."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    host, port = parts.hostname or "127.0.0.1", parts.port or (443 if secure else 80)
    lines = [
        f"GET {parts.path.rstrip('/')}{PATH} HTTP/1.1",
        f"Host: {parts.netloc.rpartition('@')[2]}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: prefect",
    ]
    try:
        with socket.create_connection((host, port), timeout=PATIENCE_SECONDS) as plain:
            line = ssl.create_default_context().wrap_socket(plain, server_hostname=host) if secure else plain
            line.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
            answer = line.recv(4096).decode("latin-1")
    except OSError as error:
        return str(error) or type(error).__name__
    words = answer.split(" ", 2)
    if len(words) < 2 or not words[1].isdigit():
        return "the connection was closed" if not answer else "the answer was not HTTP"
    return int(words[1])
