"""What has to stand around a row: nothing, a server, or a server with a worker."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.databases import Database
from benchmarks.processes import cpu_seconds
from benchmarks.servers import home_of, running, started
from benchmarks.sides import CannotMeasure, Side

POOL = "bench"
PROCESSES = 2  # how many flow runs a worker executes at once

_ONLINE_SECONDS = 60.0
_REST_SECONDS = 30.0
_LOOK_SECONDS = 1.0
_AT_REST = 0.2  # of a core, at most


@contextmanager
def nothing(side: Side, database: Database) -> Iterator[Side]:
    yield side


@contextmanager
def server(side: Side, database: Database) -> Iterator[Side]:
    """Everything that is started with it is there: services, and more processes that answer requests."""
    with home_of(side, database) as at_home, running(at_home, *_without_worker(side)) as served:
        wait_until_it_rests(served)
        yield served


@contextmanager
def server_and_worker(side: Side, database: Database) -> Iterator[Side]:
    """The work pool is called POOL on both sides, and has one worker of PROCESSES, which is online."""
    type_ = "celery" if side.name == "ours" else "process"
    options = ["--concurrency" if side.name == "ours" else "--limit", str(PROCESSES)]
    with server(side, database) as served:
        served.ask("/work_pools/", {"name": POOL, "type": type_})
        with started(served, ["worker", "start", "--pool", POOL, *options], log="worker.log"):
            _wait_for(served, f"/work_pools/{POOL}/workers/filter", bool)
            yield served


def wait_until_it_rests(side: Side) -> None:
    """One that starts takes all of a processor. Who does not come to rest is measured as it is."""
    assert side.server_pid is not None
    deadline = time.monotonic() + _REST_SECONDS
    while time.monotonic() < deadline:
        before = cpu_seconds(side.server_pid)
        time.sleep(_LOOK_SECONDS)
        if cpu_seconds(side.server_pid) - before < _AT_REST * _LOOK_SECONDS:
            return


def _without_worker(side: Side) -> list[str]:
    return ["--no-worker"] if side.name == "ours" else []


def _wait_for(side: Side, path: str, is_there: Callable[[Any], bool]) -> None:
    deadline = time.monotonic() + _ONLINE_SECONDS
    while not is_there(side.ask(path, {})):
        if time.monotonic() > deadline:
            assert side.home is not None
            said = (side.home / "worker.log").read_text(errors="replace")
            raise CannotMeasure(f"The worker of {side.name} does not come online:\n{said[-3000:]}")
        time.sleep(0.1)
