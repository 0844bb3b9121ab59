"""Run the web server: `python -m orchestrator.web.serve --host 127.0.0.1 --port 4200`."""

from __future__ import annotations

import argparse
import os
import resource
import socket

import django
import uvicorn
from django.core.management import call_command
from django.db import connections

from orchestrator.web.accepting import Loads, SharingServer
from orchestrator.web.quiet_server import QuietServer
from orchestrator.web.websockets import ReceiptProtocol
from orchestrator.web.whole_answers import WholeAnswerProtocol

APPLICATION = "orchestrator.asgi:application"
PING_SECONDS = 20.0  # how often an idle websocket is asked whether it is still there
PONG_SECONDS = 30.0  # longer than a busy database keeps a socket waiting
MAX_FRAME_BYTES = 2_000_000  # one event of 1.5 MB, and what its escapes add
MOST_CONNECTIONS = 4_000
KEEP_ALIVE_SECONDS = 75.0  # longer than clients keep idle connections, so that none is closed under a request
DRAIN_SECONDS = 3  # for requests under way when the server is told to stop


def config(
    host: str, port: int, *, root_path: str = "", access_log: bool = False, log_level: str = "warning"
) -> uvicorn.Config:
    return uvicorn.Config(
        APPLICATION,
        host=host,
        port=port,
        root_path=root_path,
        loop="uvloop",
        http=WholeAnswerProtocol,
        ws=ReceiptProtocol,
        ws_max_size=MAX_FRAME_BYTES,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PONG_SECONDS,
        ws_per_message_deflate=False,  # costs more time than it saves on the networks where workers live
        lifespan="on",
        access_log=access_log,
        log_level=log_level,
        server_header=False,
        timeout_keep_alive=int(KEEP_ALIVE_SECONDS),
        timeout_graceful_shutdown=DRAIN_SECONDS,
        limit_concurrency=MOST_CONNECTIONS,
        backlog=2048,
    )


def serve(
    host: str,
    port: int,
    *,
    descriptor: int | None = None,
    loads: Loads | None = None,
    root_path: str = "",
    access_log: bool = False,
    log_level: str = "warning",
) -> None:
    """Answer until SIGINT or SIGTERM. Exits with status 3 when the server could not start, for example on a taken port.

    With `descriptor`, a listening socket that was inherited is used instead of opening one; with `loads`, other
    processes listen on it, too.
    """
    _allow_many_files()
    settings = config(host, port, root_path=root_path, access_log=access_log, log_level=log_level)
    listener = None if descriptor is None else socket.socket(fileno=descriptor)
    if listener is not None and loads is not None:
        server: QuietServer = SharingServer(settings, listener, loads)
        server.run()
    else:
        server = QuietServer(settings)
        server.run(sockets=None if listener is None else [listener])
    if not server.started:
        raise SystemExit(3)


def _allow_many_files() -> None:
    """Each connection is an open file, and the usual soft limit of 1,024 is far below the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + 256
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _migrate() -> None:
    """In this process, which has then loaded what it needs anyway."""
    django.setup()
    call_command("migrate", verbosity=0, interactive=False)
    connections.close_all()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m orchestrator.web.serve", description="Run the web server.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=4200)
    parser.add_argument("--fd", type=int, help="The listening socket, opened by whoever starts this process.")
    parser.add_argument("--loads-fd", type=int, help="With --fd: the file in which all who listen count connections.")
    parser.add_argument("--number", type=int, default=0, help="With --loads-fd: which of them this process is, from 0.")
    parser.add_argument("--root-path", default="", help="The path under which a proxy publishes this server.")
    parser.add_argument("--access-log", action="store_true")
    parser.add_argument("--migrate", action="store_true", help="Bring the database up to date first.")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrator.settings")
    if options.migrate:
        _migrate()
    serve(
        options.host,
        options.port,
        descriptor=options.fd,
        loads=None if options.loads_fd is None else Loads(options.loads_fd, options.number),
        root_path=options.root_path,
        access_log=options.access_log,
    )


if __name__ == "__main__":
    main()
