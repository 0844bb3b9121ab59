"""Servers, beats and workers are killed at random while hundreds of runs go through: each ends once, and rightly.

`CHAOS_SECONDS=300 CHAOS_SEED=7 pytest tests/e2e/test_chaos.py -s` goes on for longer, and prints the counts.
"""

from __future__ import annotations

import itertools
import os
import random
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.chaos_kinds import KINDS, PLANNED, URGENT, URGENT_PLACES
from tests.e2e.fleet import Chaos, Fleet, runs_of, wait_until
from tests.e2e.system import ENDED

pytestmark = pytest.mark.slow

SECONDS = float(os.environ.get("CHAOS_SECONDS") or 30)
SEED = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(10_000))
MOST_WAITING = 25  # runs; more are made when some ended
SETTLE_SECONDS = 90.0
SECONDS_TO_DIE = 10.0  # for the children of a worker that had to be killed: the kernel tells them after its end
EVERY_SECONDS = 2.0  # of the scheduled deployment
NOT_ENDED = ["SCHEDULED", "PENDING", "RUNNING", "PAUSED", "CANCELLING"]


@pytest.fixture
def fleet(backend, tmp_path):
    scaled_out = bool(backend)
    environment = {
        **backend,
        "ORCHESTRATOR_MAX_ATTEMPTS": "100",  # of so many murders a run may meet some
        "JOURNAL": str(tmp_path / "journal"),
    }
    (tmp_path / "journal").mkdir()
    # SQLite is for the processes of one server.
    fleet = Fleet(tmp_path, environment, servers=2 if scaled_out else 1, workers=3)
    yield fleet.start()
    fleet.stop()
    wait_until(lambda: not left_over(fleet), seconds=SECONDS_TO_DIE)
    assert left_over(fleet) == []


def test_every_run_ends_once_and_rightly_while_processes_are_killed(fleet, tmp_path, capsys):
    server = fleet.first
    chance = random.Random(SEED)
    server.ask(
        "POST",
        "/work_pools/default/queues",
        {"name": URGENT, "priority": 1, "concurrency_limit": URGENT_PLACES},
    )
    deployments = {name: deploy(server, name, kind) for name, kind in KINDS.items()}
    planning = deploy(server, "planned", PLANNED)
    change(server, planning, schedules=[{"schedule": {"interval": EVERY_SECONDS}}])
    began = datetime.now(UTC)
    runs: dict[str, str] = {}  # the kind of each
    unwanted: list[str] = []  # some that are to be cancelled at the next turn

    chaos = Chaos(fleet, SEED)
    chaos.start()
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        while unwanted:
            cancel(server, unwanted.pop())
        if len(unfinished(server, runs)) < MOST_WAITING:
            for kind in chance.choices(list(KINDS), [kind.weight for kind in KINDS.values()], k=8):
                run = begin(server, deployments[kind], number=len(runs))
                runs[run] = kind
                if kind == "unwanted" and chance.random() < 0.5:
                    cancel(server, run)
                elif kind == "unwanted":
                    unwanted.append(run)
        cancel_sleepers(server, runs)
        time.sleep(0.3)
    while unwanted:
        cancel(server, unwanted.pop())
    chaos.end()
    ended = datetime.now(UTC)
    planned = {run["id"]: run for run in runs_of(server, planning) if due(run) < ended}

    def all_ended() -> bool:
        cancel_sleepers(server, runs)
        return not unfinished(server, {**runs, **dict.fromkeys(planned, "planned")})

    wait_until(all_ended, seconds=SETTLE_SECONDS)
    change(server, planning, paused=True)  # not sooner: it takes away what is due and has not begun, too

    kinds = {**runs, **dict.fromkeys(planned, "planned")}
    histories = {run: history(server, run) for run in kinds}
    with capsys.disabled():
        print(f"\nchaos (seed {SEED}, {SECONDS:g} s): {told(histories, chaos.kills, len(planned))}")
    wrong = {
        f"{kinds[run]} {run}": types for run, types in histories.items() if not ends_rightly(kinds[run], ends_of(types))
    }
    assert wrong == {}
    assert sorted(path.name for path in (tmp_path / "journal").glob("overlap-*")) == []
    assert gaps([due(run) for run in planned.values()], began, ended) == []
    for name in ("limited", "rivals"):
        assert server.ask("GET", f"/deployments/{deployments[name]}")["global_concurrency_limit"]["active_slots"] == 0
    assert wait_until(lambda: not left_behind(fleet, ended), seconds=SETTLE_SECONDS), left_behind(fleet, ended)


def left_over(fleet):
    return [command for server in fleet.servers for command in server.left_over()]


def deploy(server, name, kind):
    deployment_id = server.deploy(kind.code, file=f"{name}.py", **kind.variables or {})
    if kind.changes:
        change(server, deployment_id, **kind.changes)
    return deployment_id


def change(server, deployment_id, **changes):
    server.ask("PATCH", f"/deployments/{deployment_id}", changes)


def begin(server, deployment_id, *, number):
    """The key makes a request that is sent again, because the server was killed, one and the same."""
    body = {"idempotency_key": f"chaos {number}"}
    return server.ask("POST", f"/deployments/{deployment_id}/create_flow_run", body)["id"]


def unfinished(server, runs):
    found = server.ask(
        "POST", "/flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": NOT_ENDED}}}, "limit": 200}
    )
    return [run["id"] for run in found if run["id"] in runs]


def cancel(server, run_id):
    state = {"type": "CANCELLING", "name": "Cancelling"}
    server.ask("POST", f"/flow_runs/{run_id}/set_state", {"state": state})


def cancel_sleepers(server, runs):
    sleepers = [run for run, kind in runs.items() if kind == "sleeps"]
    if not sleepers:
        return
    body = {"flow_runs": {"id": {"any_": sleepers[-150:]}, "state": {"type": {"any_": ["RUNNING"]}}}, "limit": 200}
    for run in server.ask("POST", "/flow_runs/filter", body):
        cancel(server, run["id"])


def history(server, run_id):
    states = server.ask("GET", f"/flow_run_states/?flow_run_id={run_id}")
    return [state["type"] for state in sorted(states, key=lambda state: state["timestamp"])]


def ends_of(types):
    return [type_ for type_ in types if type_ in ENDED]


def ends_rightly(kind, ends):
    """Once, and as its kind has to."""
    return len(ends) == 1 and ends[0] in KINDS.get(kind, PLANNED).ends_as


def left_behind(fleet, ended):
    """What should have ended with the runs: subflows, task runs, claims of workers."""
    server = fleet.first
    not_ended = {"state": {"type": {"any_": NOT_ENDED}}}
    flow_runs = server.ask("POST", "/flow_runs/filter", {"flow_runs": not_ended, "limit": 200})
    task_runs = server.ask("POST", "/task_runs/filter", {"task_runs": not_ended, "limit": 200})
    held = [
        server.ask("POST", "/work_pools/default/claims/held", {"worker_name": name}) for name in fleet.names_of_workers
    ]
    return [
        *(f"flow run {run['name']}: {run['state_name']}" for run in flow_runs if due(run) < ended),
        *(f"task run {run['name']} of {run['flow_run_id']}: {run['state_name']}" for run in task_runs),
        *(f"claims: {claims}" for claims in held if claims),
    ]


def due(run):
    return datetime.fromisoformat(run["expected_start_time"])


def gaps(times, began, ended):
    """Planned times that are further apart, or closer, than the schedule says; and a begin or an end without any."""
    step, slack = timedelta(seconds=EVERY_SECONDS), timedelta(seconds=10)
    ordered = sorted(times)
    if not ordered:
        return [(began, ended)]
    pairs = itertools.pairwise(ordered)
    wrong = [(one, next_) for one, next_ in pairs if abs(next_ - one - step) > timedelta(milliseconds=1)]
    wrong += [(began, ordered[0])] if ordered[0] - began > slack else []
    return wrong + ([(ordered[-1], ended)] if ended - ordered[-1] > slack else [])


def told(histories, kills, planned):
    ends = Counter(end for types in histories.values() for end in ends_of(types) or ["unfinished"])
    again = sum(types.count("PENDING") - 1 for types in histories.values() if "PENDING" in types)
    counts = ", ".join(f"{count} {end}" for end, count in sorted(ends.items()))
    hits = ", ".join(f"{count} {what}" for what, count in sorted(kills.items()))
    return f"{len(histories)} runs ({planned} planned): {counts}; begun again {again} times; killed: {hits}"
