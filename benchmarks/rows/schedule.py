"""Many deployments whose schedules are due in the same minute.

First the servers run without their schedulers, so that everything is still to be planned: deployments with one daily
schedule are made over the API, three runs of each are wanted. `planning` is one pass of the scheduler over all of
them, with nothing to wait for (`benchmarks/programs/planning.py`), and `nothing to plan` the pass after it. Prefect
plans a tenth as many deployments; `planning a tenth` is told for both.

Then, on our side, the server runs as a user starts it, and the minute comes. A fleet with room for every run
(`benchmarks/programs/fleet.py`) is the pool's worker: how long real workers need to execute the runs is the matter of
other rows. First all runs are due at one instant, as those of cron schedules are; then, of other deployments, each at
its own moment of a minute (`spread`). The drift of a run is counted from the time at which it is due until

- `woken`: the run's wake-up has come from the broker to the fleet. So far it is the scheduler's and dispatcher's
  business: the run was planned, was found to be due, and somebody was told. This is what the goal is about.
- `taken`: its claim was answered, so that it is PENDING and the fleet's. The server's requests are in there too.

As nothing is executed, nobody renews a claim: leases last for longer than a half of the row.

`late` is how many runs were ever marked Late, asked of the event log. Each deployment has to have exactly one run for
that minute, and the fleet to have got each of these, once, and nothing that was not due.

Prefect has no counterpart of the second half: its workers poll, every ten seconds unless told otherwise.

The limit for runs that are due at one instant is the broker's library alone: as many messages that wait, taken by one
consumer as the fleet is one, while nothing else happens.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from benchmarks.databases import POSTGRESQL, SQLITE, Database
from benchmarks.driving.connections import request, send
from benchmarks.limits.taken_messages import times_taken
from benchmarks.row import Figure, Incorrect, Limit, Row, Sample
from benchmarks.servers import home_of, running
from benchmarks.sides import ROOT, Side

RUNS_AHEAD = 3  # of each daily schedule, on both sides
SHARE_FOR_BOTH = 0.1  # of the deployments

_CALIBRATING = 40  # deployments whose schedules are off, which tell how long it takes to make one
_RESERVE_SECONDS = 30.0
_STARTS_IN_RESERVE = 4  # as long as the first one took: the server is started again, and so is the fleet
_PLANNING_SECONDS = 0.005  # for each deployment; generous
_PLANNED_ANEW_SECONDS = 15.0  # before it is due, each schedule gets another run instead
_AFTERWARDS_SECONDS = 90.0  # that the fleet waits for the last of its runs
_SPREAD_OVER = timedelta(minutes=1)
_LATE_SECONDS = 25.0  # after which every run that waited for too long was marked
_PAGE = 200
_CHANGED_AT_ONCE = 50
_LEASE_SECONDS = 900
_PLANNING, _FLEET = (ROOT / "benchmarks" / "programs" / name for name in ("planning.py", "fleet.py"))


@contextmanager
def home(side: Side, database: Database) -> Iterator[Side]:
    """No server runs yet: it is started with its scheduler, and without."""
    with home_of(side, database) as at_home:
        yield at_home


def measure(side: Side, items: int) -> Sample:
    """`items` deployments on our side, and a tenth of them on both."""
    tenth = max(1, round(items * SHARE_FOR_BOTH))
    if side.name != "ours":
        return {"planning a tenth": _planned(side, tenth).seconds["planning"]}
    told = _planned(side, tenth).seconds["planning"]
    planned = _planned(side, items)
    at_once = _when_it_is_due(side, planned)
    spread = _when_it_is_due(side, _planned(side, items, over=_SPREAD_OVER))
    return {
        "planning a tenth": told,
        **planned.seconds,
        **at_once,
        **{f"spread: {name}": figure for name, figure in spread.items()},
    }


def take_from_broker(database: Database, items: int) -> Sample:
    taken = times_taken(database, items)
    return {"woken p50": statistics.median(taken), "woken p99": _p99(taken)}


@dataclass(frozen=True)
class Planned:
    """Deployments with all their runs planned, and how long that took.

    The first runs are due at `due_at`, or from then on `over` so long.
    """

    pool: str
    flow_id: str
    deployment_ids: frozenset[str]
    due_at: datetime
    over: timedelta
    seconds: dict[str, float]

    @property
    def last_due_at(self) -> datetime:
        return self.due_at + self.over


def _planned(side: Side, count: int, *, over: timedelta = timedelta()) -> Planned:
    """Make so many deployments and plan them, with a server that plans nothing by itself."""
    began = time.perf_counter()
    with running(*_without_scheduler(side)) as served:
        reserve = _RESERVE_SECONDS + _STARTS_IN_RESERVE * (time.perf_counter() - began)
        pool, flow_id = f"fleet-{uuid4()}", str(served.ask("/flows/", {"name": f"schedule-{uuid4()}"})["id"])
        served.ask("/work_pools/", {"name": pool, "type": "celery" if side.name == "ours" else "process"})
        due_at = _minute_in(reserve + count * (_seconds_for_one(served, flow_id, pool) + _PLANNING_SECONDS))
        ids = _deploy(served, flow_id, pool, [_daily(due_at + over * number / count) for number in range(count)])
        if datetime.now(UTC) > due_at - timedelta(seconds=_PLANNED_ANEW_SECONDS):
            raise Incorrect(f"{side.name} took too long to make the deployments: their minute has come")
        if served.ask("/flow_runs/count", _of(flow_id)):
            raise Incorrect(f"{side.name} planned runs before its scheduler ran")
        seconds = json.loads(side.run(str(_PLANNING), side.library).splitlines()[-1])
        found = served.ask("/flow_runs/count", _of(flow_id))
        if found != count * RUNS_AHEAD:
            raise Incorrect(f"{side.name} planned {found} runs of {count} deployments, not {RUNS_AHEAD} of each")
    return Planned(pool, flow_id, frozenset(ids), due_at, over, seconds)


def _without_scheduler(side: Side) -> tuple[Any, ...]:
    if side.name == "ours":
        return side, "--no-worker", "--except", "scheduler"
    return (replace(side, environment={**side.environment, "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false"}),)


def _seconds_for_one(side: Side, flow_id: str, pool: str) -> float:
    """How long it takes to make a deployment, with half as much again."""
    began = time.perf_counter()
    _deploy(side, flow_id, pool, [_daily(datetime.now(UTC))] * _CALIBRATING, active=False)
    return (time.perf_counter() - began) / _CALIBRATING * 1.5


def _daily(at: datetime) -> dict[str, Any]:
    """A schedule for each day at that time of day."""
    if at.second or at.microsecond:
        return {"interval": timedelta(days=1).total_seconds(), "anchor_date": at.isoformat(), "timezone": "UTC"}
    return {"cron": f"{at.minute} {at.hour} * * *", "timezone": "UTC"}


def _deploy(
    side: Side, flow_id: str, pool: str, schedules: Sequence[dict[str, Any]], *, active: bool = True
) -> list[str]:
    """The identifiers of new deployments, one for each schedule."""
    body = {"flow_id": flow_id, "work_pool_name": pool, "entrypoint": "nothing.py:nothing"}
    ids: list[str] = []

    def keep(answer: bytes) -> bool:
        ids.append(json.loads(answer)["id"])
        return True

    url = f"{side.api_url}/deployments/"
    kind = "scheduled" if active else "off"
    new = (
        [request(url, {**body, "name": f"{kind}-{number}", "schedules": [{"schedule": schedule, "active": active}]})]
        for number, schedule in enumerate(schedules)
    )
    # It is no figure, and Prefect's server on SQLite refuses for minutes what several connections write at once.
    send(url, new, status=201, check=keep, connections=1)
    return ids


def _minute_in(seconds: float) -> datetime:
    """The beginning of the first minute that is at least so far away."""
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    return at.replace(second=0, microsecond=0) + timedelta(minutes=1)


def _when_it_is_due(side: Side, planned: Planned) -> Sample:
    lasting = replace(side, environment={**side.environment, "ORCHESTRATOR_LEASE_SECONDS": str(_LEASE_SECONDS)})
    with running(lasting, "--no-worker") as served, _fleet(served, planned) as fleet:
        if datetime.now(UTC) > planned.due_at - timedelta(seconds=1):
            raise Incorrect("It took too long to make the deployments: the minute came before the fleet was ready")
        told = json.loads(fleet.communicate()[0])
        due = _checked(served, planned, told)
        time.sleep(max(0.0, planned.last_due_at.timestamp() + _LATE_SECONDS - time.time()))
        late = _late_marks(served, planned)
        _complete(served, list(due))
    woken, taken = ([at - due[run] for run, at in told[name].items()] for name in ("woken", "taken"))
    return {"woken p50": statistics.median(woken), "woken p99": _p99(woken), "taken p99": _p99(taken), "late": late}


@contextmanager
def _fleet(side: Side, planned: Planned) -> Iterator[subprocess.Popen[str]]:
    """It is known to the server. What it prints at its end is still to be read."""
    seconds = max(0.0, planned.last_due_at.timestamp() - time.time()) + _AFTERWARDS_SECONDS
    command = [side.python, str(_FLEET), planned.pool, str(len(planned.deployment_ids)), str(seconds)]
    environment = {"ORCHESTRATOR_BROKER_URL": f"sqlite+file://{side.home}/broker.db", **side.environment}
    environment["ORCHESTRATOR_API_URL"] = side.api_url or ""
    with subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            if process.stdout.readline() != "ready\n":
                raise Incorrect("The fleet could not begin")
            yield process
        finally:
            process.kill()


def _checked(side: Side, planned: Planned, told: dict[str, Any]) -> dict[str, float]:
    """When each run is due. Raises Incorrect unless each deployment has one for the minute, and the fleet has that."""
    runs = list(_runs_of_the_minute(side, planned))
    of_each = Counter(run["deployment_id"] for run in runs)
    if set(of_each) != planned.deployment_ids or set(of_each.values()) != {1}:
        raise Incorrect(f"{len(of_each)} of {len(planned.deployment_ids)} deployments have a run; {len(runs)} in all")
    if told["refused"]:
        raise Incorrect(f"{len(told['refused'])} runs could not be taken: {told['refused'][:3]}")
    due = {run["id"]: datetime.fromisoformat(run["expected_start_time"]).timestamp() for run in runs}
    if set(told["woken"]) != set(due) or set(told["taken"]) != set(due):
        raise Incorrect(f"Of {len(due)} runs, the fleet was told of {len(told['woken'])} and has {len(told['taken'])}")
    early = min(at - due[run] for run, at in told["woken"].items())
    if early < 0:
        raise Incorrect(f"A run was called out {-early:.3f} seconds before its time")
    return due


def _runs_of_the_minute(side: Side, planned: Planned) -> Iterator[dict[str, Any]]:
    around = {
        "after_": (planned.due_at - timedelta(seconds=30)).isoformat(),
        "before_": (planned.last_due_at + timedelta(seconds=30)).isoformat(),
    }
    wanted = {**_of(planned.flow_id), "flow_runs": {"expected_start_time": around}, "sort": "ID_DESC", "limit": _PAGE}
    offset = 0
    while found := side.ask("/flow_runs/filter", {**wanted, "offset": offset}):
        yield from found
        offset += len(found)


def _complete(side: Side, run_ids: Sequence[str]) -> None:
    """As their worker would have. Else they would be taken for lost, and begun again beside what comes next.

    Raises Incorrect.
    """
    for start in range(0, len(run_ids), _CHANGED_AT_ONCE):
        ids = run_ids[start : start + _CHANGED_AT_ONCE]
        body = {"flow_runs": {"id": {"any_": ids}}, "state": {"type": "COMPLETED"}, "force": True}
        results = side.ask("/flow_runs/bulk_set_state", body)["results"]
        if [result["status"] for result in results] != ["ACCEPT"] * len(ids):
            raise Incorrect(f"{len(ids)} runs were to be completed: {results[:3]}")


def _late_marks(side: Side, planned: Planned) -> float:
    """Of these runs alone: nobody takes those of the tenth, whose minute came before."""
    wanted = {
        "event": {"name": ["prefect.flow-run.Late"]},
        "related": {"id": [f"prefect.flow.{planned.flow_id}"]},
        "occurred": {"since": (planned.due_at - timedelta(minutes=1)).isoformat()},
    }
    return float(side.ask("/events/filter", {"filter": wanted, "limit": 1})["total"])


def _of(flow_id: str) -> dict[str, Any]:
    return {"flows": {"id": {"any_": [flow_id]}}}


def _p99(values: Iterable[float]) -> float:
    known = list(values)
    return statistics.quantiles(known, n=100, method="inclusive")[-1] if len(known) > 1 else known[0]


ROW = Row(
    name="schedule",
    about="10,000 deployments due in the same minute",
    items=10_000,
    figures=(
        Figure("planning a tenth", "s"),
        Figure("planning", "s", bound=5),
        Figure("nothing to plan", "s"),
        Figure("woken p50", "s"),
        Figure("woken p99", "s", bound=5),
        Figure("taken p99", "s"),
        Figure("late", "runs", bound=0),
        Figure("spread: woken p50", "s"),
        Figure("spread: woken p99", "s", bound=5),
        Figure("spread: taken p99", "s"),
        Figure("spread: late", "runs", bound=0),
    ),
    measure=measure,
    stage=home,
    databases=(SQLITE, POSTGRESQL),
    limit=Limit("the broker's library alone, one consumer of as many messages", take_from_broker),
    rounds=1,
)
