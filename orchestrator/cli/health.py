"""Asking a server whether it is there."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit


def is_healthy(url: str, *, timeout_seconds: float = 2.0) -> bool:
    """True when `/api/health` of the server at `url` answers as it should."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=timeout_seconds)
    try:
        connection.request("GET", "/api/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
