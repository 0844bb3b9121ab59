"""What a server costs that has nothing to do: the share of one core, over a minute in which nobody asks it anything.

The whole tree of `server start` counts: on our side the supervisor, the web process, the services and beat. `with a
worker` counts the tree of one worker of two processes as well, which has nothing to do either. Before each of the two
minutes there are SETTLING_SECONDS for what happens after a start. The trees have to be the same ones at the end of
the minute, and the server has to answer; on our side every service whose turn it was has to have done its work.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from benchmarks.processes import cpu_seconds, pids
from benchmarks.row import Figure, Incorrect, Row, Sample
from benchmarks.servers import started
from benchmarks.sides import CannotMeasure, Side
from benchmarks.stages import POOL, PROCESSES, server

SETTLING_SECONDS = 20.0

_ONLINE_SECONDS = 60.0
_SERVICE_LATENESS = timedelta(seconds=10)
_LONGEST_REST = 30.0  # seconds for which a service rests that has no work


def measure(side: Side, items: int) -> Sample:
    """Over `items` seconds without a worker, and as many with one."""
    assert side.server_pid is not None
    alone = _percent_of_a_core(side, [side.server_pid], seconds=items)
    with _worker(side) as worker_pid:
        together = _percent_of_a_core(side, [side.server_pid, worker_pid], seconds=items)
    return {"server": alone, "with a worker": together}


@contextmanager
def _worker(side: Side) -> Iterator[int]:
    """One worker of PROCESSES for the pool POOL. Gives its process once it is online."""
    ours, name = side.name == "ours", f"idle-{uuid4()}"
    if not any(pool["name"] == POOL for pool in side.ask("/work_pools/filter", {})):
        side.ask("/work_pools/", {"name": POOL, "type": "celery" if ours else "process"})
    options = ["--pool", POOL, "--name", name, "--concurrency" if ours else "--limit", str(PROCESSES)]
    with started(side, ["worker", "start", *options], log="worker.log") as process:
        deadline = time.monotonic() + _ONLINE_SECONDS
        while name not in {each["name"] for each in side.ask(f"/work_pools/{POOL}/workers/filter", {})}:
            if time.monotonic() > deadline or process.poll() is not None:
                said = (side.home / "worker.log").read_text(errors="replace") if side.home else ""
                raise CannotMeasure(f"The worker of {side.name} does not come online:\n{said[-3000:]}")
            time.sleep(0.1)
        yield process.pid


def _percent_of_a_core(side: Side, roots: Sequence[int], *, seconds: float) -> float:
    time.sleep(SETTLING_SECONDS)
    before, used, began = _trees(roots), _used(roots), time.perf_counter()
    time.sleep(seconds)
    share = (_used(roots) - used) / (time.perf_counter() - began)
    if _trees(roots) != before:
        raise Incorrect(f"{side.name}: processes ended, or were started, while there was nothing to do")
    _check_that_it_lives(side)
    return share * 100


def _check_that_it_lives(side: Side) -> None:
    if side.ask("/health") is not True:
        raise Incorrect(f"{side.name} is not healthy after it had nothing to do")
    if side.name != "ours":
        return
    at = datetime.now(UTC)
    for service in side.ask("/services"):
        longest = timedelta(seconds=max(_LONGEST_REST, service["every_seconds"])) + _SERVICE_LATENESS
        started = service["last_started_at"]
        # Whoever runs but once a minute may not have had a turn yet.
        if started is None and service["every_seconds"] > _LONGEST_REST:
            continue
        if started is None or service["last_error"] or at - datetime.fromisoformat(started) > longest:
            raise Incorrect(f"The service {service['name']} did not do its work: {service}")


def _trees(roots: Sequence[int]) -> set[int]:
    return set().union(*(pids(root) for root in roots))


def _used(roots: Sequence[int]) -> float:
    return sum(cpu_seconds(root) for root in roots)


ROW = Row(
    name="idle",
    about="processor time of a server that has nothing to do",
    items=60,
    figures=(
        Figure("server", "% of a core", bound=2),
        Figure("with a worker", "% of a core", bound=2),
    ),
    measure=measure,
    stage=server,
    rounds=2,
)
