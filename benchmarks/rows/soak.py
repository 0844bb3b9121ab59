"""Everything at once for twenty minutes, while the server is restarted and a worker killed every minute.

Each item is a second. In every minute the server is restarted, in turn by SIGTERM to all of it and a new start, and by
SIGKILL to the process that serves; half a minute later one of the two workers is killed and started again. A calm
stretch of a quarter of the time follows: the same load and no disturbance, because a process that is a minute old
cannot show whether its memory grows.

The load goes through public doors alone: runs of deployments with tasks, maps, subflows, retries, limits, caches, tasks
on other workers and children by `run_deployment`; a schedule; an automation; cancellations; scripts of users that
record themselves; lists, counts and log lines over REST; events over a socket; pages, and the socket of one.

Every execution tells an external witness, a file, when it begins and ends. In the end this is compared with what the
server has:

- **lost**: something was done or accepted, and is not recorded; or it is recorded, and was not done. Runs, how they
  ended, task runs, log lines, events, artifacts, times of the schedule, what the automation was to make.
- **doubled**: something is recorded more often than it was done, or was executed again although nobody killed its
  process. (After a SIGKILL a run is executed again: workers promise at least once.)
- **stuck**: what has no end after the load, when nothing has changed for 90 seconds; slots and claims that are held.
- **errors**: answers that the server failed, and clients that gave up.

Memory is told in percent: from the first third of the calm stretch to the last for the processes of the server
(**memory**), the greatest of them; over all the time for the worker that lives that long, on average of its processes,
and for a script; and for the
processes of the server that are started again and again, from the first third of their lives to the last, each taken at
the same age (**at equal age**): meanwhile the data grows. With a small share of the seconds these figures say little:
what is measured then is how a process takes its memory after the start.

Prefect is not measured: it has no journal, so with its server away its scripts fail.
"""

from __future__ import annotations

import logging
import os
import resource
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.databases import POSTGRESQL, SQLITE, Database
from benchmarks.row import Figure, Incorrect, Row, Sample
from benchmarks.servers import home_of
from benchmarks.sides import ROOT, Side
from benchmarks.soak import witness
from benchmarks.soak.flows import KINDS, POOL, SHARED, SHARED_PLACES, SPOKEN, TAG, TAG_PLACES
from benchmarks.soak.judging import Schedule, Verdict, judge
from benchmarks.soak.load import ALARM, HEARD, Load, client
from benchmarks.soak.machines import WORKERS, Machines
from benchmarks.soak.memory import Watch, growth, growth_at_equal_age
from benchmarks.soak.pages import Reader, make_reader
from benchmarks.soak.program import COUNTED
from benchmarks.soak.programs import LONG, Programs
from benchmarks.soak.records import claims_held, read, slots_taken, unfinished
from orchestrator.contract.times import format_time, parse_time
from orchestrator.sdk.api.client import Client

KEEP = "SOAK_KEEP"  # a directory where everything is left that explains a bad outcome

_EVERY_SECONDS = 60.0  # between two restarts, and between two kills
_PLANNED_EVERY_SECONDS = 5.0
_SETTLE_SECONDS = 90.0
_WARM_UP = 0.2  # of the calm stretch: a fresh process takes its memory step by step
_TOLD = 40  # of what is wrong


def measure(side: Side, items: int) -> Sample:
    logging.getLogger("websockets").setLevel(logging.CRITICAL)  # it tells of every connection that the restarts break
    home = side.home
    assert home is not None
    before, at = _processor_seconds(), time.monotonic()
    side = replace(side, environment={**side.environment, witness.FILE: str(home / "witness.jsonl")})
    os.environ[witness.FILE] = side.environment[witness.FILE]
    with Machines(side, pool=POOL) as machines:
        ask = client(side)
        side.ask("/work_pools/", {"name": POOL, "type": "celery"})
        machines.start_workers()
        deployments = _prepare(side, ask)
        reader = Reader(side)
        reader.sign_in()
        programs = Programs(side, seconds=items * 1.25)
        watch = Watch(lambda: {**machines.roles, **programs.roles})
        watch.start()
        began = datetime.now(UTC)
        _switch_schedule(ask, deployments["planned"], on=True)
        with Load(side, deployments, reader) as load, programs:
            _disturb(machines, items)
            calm_since = watch.now
            time.sleep(items / 4)
            calm_until = watch.now
        watch.end()
        ended = datetime.now(UTC)
        left = _settle(ask)
        planned = _due(ask, deployments["planned"], until=ended)
        _switch_schedule(ask, deployments["planned"], on=False)
        records = read(ask, pool=POOL, workers=WORKERS, events=(SPOKEN, COUNTED, HEARD, ALARM))
        schedule = Schedule(_PLANNED_EVERY_SECONDS, began, ended, tuple(planned))
        verdict = judge(witness.told(home / "witness.jsonl"), records, killed=machines.killed, schedule=schedule)
    busy = (_processor_seconds() - before) / (time.monotonic() - at) / (os.cpu_count() or 1)
    verdict.stuck += [each for each in left if each not in verdict.stuck]
    errors = load.failures + programs.failures
    _explain(verdict, errors)
    if not verdict.runs:
        raise Incorrect("no run came to its end")
    watched = calm_since + _WARM_UP * (calm_until - calm_since)
    roles = ("web", "services", "beat")
    return {
        "lost": len(verdict.lost),
        "doubled": len(verdict.doubled),
        "stuck": len(verdict.stuck),
        "errors": len(errors),
        "runs": verdict.runs,
        "restarts": machines.restarts + machines.web_kills,
        "workers killed": len(machines.killed),
        "memory": max(growth(watch.looks, role, since=watched, until=calm_until) for role in roles),
        "at equal age": max(growth_at_equal_age(watch.looks, role, until=calm_since) for role in roles),
        "memory of a worker": growth(watch.looks, "worker", since=_EVERY_SECONDS, until=calm_until),
        "memory of a script": growth(watch.looks, LONG, since=_EVERY_SECONDS, until=calm_until),
        "busy": busy * 100,
    }


@contextmanager
def at_home(side: Side, database: Database) -> Iterator[Side]:
    """The server is started when it is measured, for it is stopped as well."""
    with home_of(side, database) as placed:
        try:
            yield placed
        finally:
            if directory := os.environ.get(KEEP):
                shutil.copytree(str(placed.home), Path(directory) / database.name, dirs_exist_ok=True)


def _prepare(side: Side, ask: Client) -> dict[str, str]:
    """Deployments of all kinds, limits, the automation, and a reader of pages."""
    make_reader(side)
    ask.ask("POST", "/v2/concurrency_limits/", {"name": SHARED, "limit": SHARED_PLACES})
    ask.ask("POST", "/concurrency_limits/", {"tag": TAG, "concurrency_limit": TAG_PLACES})
    deployments = {name: _deploy(ask, name) for name in KINDS}
    ask.ask(
        "POST",
        "/automations/",
        {
            "name": "soak",
            "trigger": {"type": "event", "posture": "Reactive", "expect": [ALARM], "threshold": 1},
            "actions": [
                {
                    "type": "run-deployment",
                    "deployment_id": deployments["answers"],
                    "parameters": {
                        "question": {"__prefect_kind": "jinja", "template": "{{ event.id }}"},
                    },
                }
            ],
        },
    )
    return deployments


def _deploy(ask: Client, name: str) -> str:
    flow = ask.ask("POST", "/flows/", {"name": name})
    body: dict[str, Any] = {
        "name": "soak",
        "flow_id": flow["id"],
        "work_pool_name": POOL,
        "path": str(ROOT),
        "entrypoint": f"benchmarks/soak/flows.py:{name}",
        **KINDS[name].changes,
    }
    return str(ask.ask("POST", "/deployments/", body)["id"])


def _disturb(machines: Machines, items: int) -> None:
    """One minute after the other: a restart after a third of it, a kill after five sixths."""
    period = min(_EVERY_SECONDS, items / 2)
    began = time.monotonic()
    for number in range(round(items / period)):
        _wait_until(began + (number + 1 / 3) * period)
        if number % 2:
            machines.kill_web()
        else:
            machines.restart_server()
        _wait_until(began + (number + 5 / 6) * period)
        machines.kill_worker()
    _wait_until(began + items)


def _settle(ask: Client) -> list[str]:
    """What is left when nothing has changed for so long that nothing will come to its end any more, in words."""
    left, changed_at = _left(ask), time.monotonic()
    while left and time.monotonic() - changed_at < _SETTLE_SECONDS:
        time.sleep(1)
        now_left = _left(ask)
        if now_left != left:
            left, changed_at = now_left, time.monotonic()
    return left


def _left(ask: Client) -> list[str]:
    slots, claims = slots_taken(ask), claims_held(ask, pool=POOL, workers=WORKERS)
    return [
        *unfinished(ask),
        *(f"{count} slots of {name}" for name, count in slots.items()),
        *([f"{claims} claims"] if claims else []),
    ]


def _switch_schedule(ask: Client, deployment: str, *, on: bool) -> None:
    """Off: only when all that was due has begun, for it takes away what has not."""
    schedules = [{"schedule": {"interval": _PLANNED_EVERY_SECONDS}}] if on else []
    ask.send("PATCH", f"/deployments/{deployment}", {"schedules": schedules})


def _due(ask: Client, deployment: str, *, until: datetime) -> list[datetime]:
    times: list[datetime] = []
    while True:
        body = {
            "deployments": {"id": {"any_": [deployment]}},
            "flow_runs": {"expected_start_time": {"before_": format_time(until)}},
            "sort": "ID_DESC",
            "limit": 200,
            "offset": len(times),
        }
        page = ask.ask("POST", "/flow_runs/filter", body)
        times += [parse_time(run["expected_start_time"]) for run in page]
        if len(page) < 200:
            return times


def _explain(verdict: Verdict, errors: list[str]) -> None:
    wrong = {"lost": verdict.lost, "doubled": verdict.doubled, "stuck": verdict.stuck, "errors": errors}
    for name, found in wrong.items():
        for line in found[:_TOLD]:
            print(f"soak, {name}: {line}", file=sys.stderr)
        if len(found) > _TOLD:
            print(f"soak, {name}: and {len(found) - _TOLD} more", file=sys.stderr)


def _processor_seconds() -> float:
    """Of this process and of all that ended below it and was waited for."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def _wait_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))


ROW = Row(
    name="soak",
    about="mixed load, with a restart of the server and a SIGKILL of a worker every minute; seconds",
    items=1200,
    figures=(
        Figure("lost", "", bound=0),
        Figure("doubled", "", bound=0),
        Figure("stuck", "", bound=0),
        Figure("errors", "", bound=0),
        Figure("runs", "", better="more"),
        Figure("restarts", "", better="more"),
        Figure("workers killed", "", better="more"),
        Figure("memory", "% more", bound=10),
        Figure("at equal age", "% more", bound=10),
        Figure("memory of a worker", "% more", bound=10),
        Figure("memory of a script", "% more", bound=10),
        Figure("busy", "% of the processors"),
    ),
    measure=measure,
    stage=at_home,
    databases=(SQLITE, POSTGRESQL),
    compared=False,
    rounds=1,
)
