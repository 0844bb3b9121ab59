"""An application of a few lines, under the server program that both sides use."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.sides import ROOT, CannotMeasure
from tests.services import free_port

_START_SECONDS = 20.0


@contextmanager
def serving(program: str, **environment: str) -> Iterator[str]:
    """The address at which the application of `benchmarks/programs/<program>.py` answers. Raises CannotMeasure.

    `environment` is what it is told besides what this process was.
    """
    port = free_port()
    application = f"benchmarks.programs.{program}:application"
    command = [sys.executable, "-m", "uvicorn", application, "--port", str(port), "--log-level", "warning"]
    command += ["--loop", "asyncio", "--http", "httptools", "--lifespan", "off"]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment})
    try:
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}/"
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
