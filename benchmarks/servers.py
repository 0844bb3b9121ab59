"""The servers of both sides, as a user starts them: whole rules, all services, a password, a directory of their own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.databases import Database
from benchmarks.sides import PASSWORD, CannotMeasure, Side

_START_SECONDS = 300.0  # on a machine that is busy with other things
_STOP_SECONDS = 20.0


@contextmanager
def home_of(side: Side, database: Database) -> Iterator[Side]:
    """The side with the settings of a server and of its clients, and a directory that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix=f"bench-{side.name}-", ignore_cleanup_errors=True) as home:
        url = f"http://127.0.0.1:{_free_port()}/api"
        settings = (_our_settings if side.name == "ours" else _prefects_settings)(Path(home), url, database)
        yield replace(side, environment={**side.environment, **settings}, home=Path(home), api_url=url)


@contextmanager
def running(side: Side, *options: str) -> Iterator[Side]:
    """The side of `home_of`, with its server. It may be started again in the same home. Raises CannotMeasure."""
    assert side.api_url is not None
    port = side.api_url.rpartition(":")[2].removesuffix("/api")
    command = ["server", "start", "--host", "127.0.0.1", "--port", port, *options]
    with started(side, command, log="server.log") as process:
        _wait_until_it_answers(side, process)
        yield replace(side, server_pid=process.pid)


@contextmanager
def started(side: Side, command: Sequence[str], *, log: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program of the side's command line, in its home. What it says goes to the file `log` there."""
    assert side.home is not None
    with (side.home / log).open("ab") as output:
        process = subprocess.Popen(
            [side.python, "-m", side.library, *command],
            env=side.environment,
            cwd=side.home,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            _stop(process)


def _our_settings(home: Path, url: str, database: Database) -> dict[str, str]:
    settings = {
        "ORCHESTRATOR_HOME": str(home),
        "ORCHESTRATOR_API_AUTH_STRING": PASSWORD,
        "ORCHESTRATOR_API_URL": url,
    }
    if database.urls:
        settings["DATABASE_URL"] = database.urls["ours"]
    if database.redis_url:
        settings["REDIS_URL"] = settings["ORCHESTRATOR_BROKER_URL"] = database.redis_url
    return settings


def _prefects_settings(home: Path, url: str, database: Database) -> dict[str, str]:
    ours = database.urls.get("prefect", "")
    return {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_API_URL": url,
        "PREFECT_API_AUTH_STRING": PASSWORD,
        "PREFECT_SERVER_API_AUTH_STRING": PASSWORD,
        "PREFECT_API_DATABASE_CONNECTION_URL": (
            ours.replace("postgresql://", "postgresql+asyncpg://") or f"sqlite+aiosqlite:///{home}/prefect.db"
        ),
    }


def _wait_until_it_answers(side: Side, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            side.ask("/health")
        except (OSError, ValueError):
            time.sleep(0.2)
        else:
            return
    assert side.home is not None
    said = (side.home / "server.log").read_text(errors="replace")
    raise CannotMeasure(f"The server of {side.name} does not start:\n{said[-3000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ends it and whatever it started: all are of one session."""
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
