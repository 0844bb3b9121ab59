"""How long `server start` takes until the server answers.

The clock begins with the process and ends with the first answer of `/api/ready`, which both give only when they reach
their database. One connection is tried every ten milliseconds; once it is taken, the answer is waited for, however
long. `first start` is in an empty directory, so it makes the database; `second start` in the same one again. A flow
that was made after the first has to be there after the second.

`services` is told for ours alone, whose services are processes of their own and come after the web server: from the
beginning of the second start until one of them has done its work. Prefect's are threads of the server's process, and do
not tell.
"""

from __future__ import annotations

import http.client
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from urllib.parse import urlsplit

from benchmarks.databases import SQLITE, Database
from benchmarks.row import Figure, Incorrect, Row, Sample
from benchmarks.servers import home_of, started
from benchmarks.sides import Side
from benchmarks.stages import nothing

_PATIENCE_SECONDS = 120.0
_PAUSE_SECONDS = 0.01


def measure(side: Side, items: int) -> Sample:
    """The medians of `items` pairs of starts, each pair in a directory of its own."""
    pairs = [_two_starts(side) for _ in range(items)]
    return {name: statistics.median(pair[name] for pair in pairs) for name in pairs[0]}


def _two_starts(side: Side) -> Sample:
    with home_of(side, Database(SQLITE, {})) as at_home:
        with _ready(at_home) as first:
            flow = at_home.ask("/flows/", {"name": "before"})["id"]
        with _ready(at_home) as second:
            kept = at_home.ask("/flows/filter", {})
            if [each["id"] for each in kept] != [flow]:
                raise Incorrect(f"{side.name}: after the second start there are the flows {kept}")
            sample = {"first start": first.seconds, "second start": second.seconds}
            if side.name == "ours":
                sample["services"] = _until_a_service_ran(at_home, second)
    return sample


class _Start:
    """When the server was started, and how long it took until it was ready."""

    def __init__(self) -> None:
        self.began_at = time.time()
        self._began = time.perf_counter()
        self.seconds = 0.0

    def so_far(self) -> float:
        return time.perf_counter() - self._began


@contextmanager
def _ready(side: Side) -> Iterator[_Start]:
    port = urlsplit(side.api_url or "").port
    start = _Start()
    command = ["server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with started(side, command, log="server.log") as process:
        while not _is_ready(side, start):
            if process.poll() is not None or start.so_far() > _PATIENCE_SECONDS:
                said = (side.home / "server.log").read_text(errors="replace") if side.home else ""
                raise Incorrect(f"The server of {side.name} does not start:\n{said[-3000:]}")
            time.sleep(_PAUSE_SECONDS)
        start.seconds = start.so_far()
        yield start


def _is_ready(side: Side, start: _Start) -> bool:
    parts = urlsplit(side.api_url or "")
    left = max(_PATIENCE_SECONDS - start.so_far(), _PAUSE_SECONDS)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=left)
    try:
        connection.request("GET", f"{parts.path}/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _until_a_service_ran(side: Side, start: _Start) -> float:
    """In seconds from the start."""
    while start.so_far() < _PATIENCE_SECONDS:
        finished = [each["last_finished_at"] for each in side.ask("/services") if each["last_finished_at"]]
        if any(datetime.fromisoformat(moment).timestamp() > start.began_at for moment in finished):
            return start.so_far()
        time.sleep(_PAUSE_SECONDS)
    raise Incorrect("No service ran.")


ROW = Row(
    name="startup",
    about="`server start` until /api/ready answers",
    items=1,
    figures=(
        Figure("second start", "s", bound=3),
        Figure("first start", "s", bound=3),
        Figure("services", "s"),
    ),
    measure=measure,
    stage=nothing,
)
