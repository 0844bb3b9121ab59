"""A page that says what a process that serves tasks is doing, for whoever watches over it: `GET /status`, as JSON."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from orchestrator.sdk.errors import TaskServingError

HOST = "127.0.0.1"


@contextmanager
def status_page(port: int | None, tell: Callable[[], dict[str, Any]]) -> Iterator[int | None]:
    """Inside, `tell` is asked for each visitor, who must be on this machine. Gives the port; 0 takes any that is free.

    None: there is no page. Raises TaskServingError when the port cannot be had.
    """
    if port is None:
        yield None
        return
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Visitor(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path.partition("?")[0] == "/status"
            body = json.dumps(tell() if known else {"detail": "Not Found"}).encode()
            self.send_response(200 if known else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Visitors are not worth a line."""

    try:
        server = ThreadingHTTPServer((HOST, port), Visitor)
    except (OSError, OverflowError, TypeError) as error:
        raise TaskServingError(f"status_server_port is {port!r}, which cannot be listened on: {error}") from error
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="status-page", daemon=True)
    thread.start()
    try:
        yield int(server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
