"""A limit: a view that does nothing, under the server program that both sides use, asked in the same way."""

from __future__ import annotations

import socket
import subprocess
import sys
import time

from benchmarks.databases import Database
from benchmarks.driving.connections import request, send
from benchmarks.row import Sample
from benchmarks.sides import ROOT, CannotMeasure
from tests.services import free_port

_START_SECONDS = 20.0
_APPLICATION = "benchmarks.programs.empty_view:application"


def asked(database: Database, items: int) -> Sample:
    """Of ten times as many requests, as each takes so little."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", _APPLICATION, "--port", str(port), "--log-level", "warning"]
    process = subprocess.Popen([*command, "--loop", "asyncio", "--http", "httptools", "--lifespan", "off"], cwd=ROOT)
    try:
        _wait_for(port, process)
        url = f"http://127.0.0.1:{port}/"
        load = send(url, [[request(url, {})] for _ in range(items * 10)], status=200)
        return {"requests": load.requests_per_second, "p95": load.p95_ms}
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise CannotMeasure("uvicorn does not start")
