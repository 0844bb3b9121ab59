"""The server in memory behind real HTTP, on a port of its own, to be taken away and given back."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from orchestrator.sdk.api.transport import Request
from tests.sdk.fake_api import FakeApi


class HttpServer:
    """`start` and `stop` as often as wanted; the port stays the same."""

    def __init__(self, api: FakeApi) -> None:
        self.api = api
        self.port = 0
        self.connections = 0
        self._server: ThreadingHTTPServer | None = None
        self._open: set[Any] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    def start(self) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                outer.connections += 1
                outer._open.add(self.connection)

            def finish(self) -> None:
                outer._open.discard(self.connection)
                super().finish()

            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length) if length else None
                headers = {name.lower(): value for name, value in self.headers.items()}
                path = self.path.removeprefix("/api")
                answer = outer.api.handle(Request(self.command, path, body, headers))
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            do_GET = do_POST = do_PATCH = _answer

            def log_message(self, *arguments: Any) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            allow_reuse_address = True
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Connections are cut on purpose."""

        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """As when the process dies: nobody listens, and open connections break."""
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()
        self.cut_connections()

    def cut_connections(self) -> None:
        import socket

        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
