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

from tests.e2e.fleet import Chaos, Fleet, runs_of, wait_until
from tests.e2e.system import ENDED

pytestmark = pytest.mark.slow

SECONDS = float(os.environ.get("CHAOS_SECONDS") or 30)
SEED = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(10_000))
MOST_WAITING = 25  # runs; more are made when some ended
SETTLE_SECONDS = 90.0
EVERY_SECONDS = 2.0  # of the scheduled deployment

# Each execution holds a lock that ends with its process: two at a time cannot both get it.
HEADER = """
import fcntl

def alone():
    run_id = os.environ["ORCHESTRATOR_FLOW_RUN_ID"]
    lock = open(os.path.join(os.environ["JOURNAL"], run_id), "a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        open(os.path.join(os.environ["JOURNAL"], "overlap-" + run_id), "w").close()
        raise
    return lock

@task
def step(seconds):
    time.sleep(seconds)
    return seconds
"""
WORKS = """
@flow
def main(seconds: float = 0.1):
    with alone():
        for _ in range(3):
            step(seconds)
"""
FAILS = """
@flow
def main(seconds: float = 0.1):
    with alone():
        step(seconds)
        raise ValueError("as it should")
"""
RECOVERS = """
@flow(retries=2, retry_delay_seconds=0.2)
def main(seconds: float = 0.1):
    with alone() as lock:
        lock.write("tried ")
        lock.flush()
        step(seconds)
        if open(lock.name).read().count("tried") < 2:
            raise ValueError("the first time")
"""
SLEEPS = """
@flow
def main():
    with alone():
        time.sleep(600)
"""
ENDS_AS = {
    "works": "COMPLETED",
    "fails": "FAILED",
    "recovers": "COMPLETED",
    "limited": "COMPLETED",
    "sleeps": "CANCELLED",
}


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
    assert [server.left_over() for server in fleet.servers] == [[] for _ in fleet.servers]


def test_every_run_ends_once_and_rightly_while_processes_are_killed(fleet, tmp_path, capsys):
    server = fleet.first
    chance = random.Random(SEED)
    deployments = {
        "works": server.deploy(HEADER + WORKS, file="works.py"),
        "fails": server.deploy(HEADER + FAILS, file="fails.py"),
        "recovers": server.deploy(HEADER + RECOVERS, file="recovers.py"),
        "limited": server.deploy(HEADER + WORKS, file="limited.py"),
        "sleeps": server.deploy(HEADER + SLEEPS, file="sleeps.py"),
        "planned": server.deploy(HEADER + WORKS, file="planned.py"),
    }
    change(server, deployments["limited"], concurrency_limit=2)
    change(server, deployments["planned"], schedules=[{"schedule": {"interval": EVERY_SECONDS}}])
    began = datetime.now(UTC)
    runs: dict[str, str] = {}  # the kind of each

    chaos = Chaos(fleet, SEED)
    chaos.start()
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        if len(unfinished(server, runs)) < MOST_WAITING:
            for _ in range(8):
                kind = chance.choices(["works", "fails", "recovers", "limited", "sleeps"], [6, 2, 2, 2, 1])[0]
                runs[begin(server, deployments[kind], number=len(runs))] = kind
        cancel_sleepers(server, runs)
        time.sleep(0.3)
    chaos.end()
    ended = datetime.now(UTC)
    change(server, deployments["planned"], paused=True)
    planned = {run["id"]: run for run in runs_of(server, deployments["planned"]) if due(run) < ended}

    def all_ended() -> bool:
        cancel_sleepers(server, runs)
        return not unfinished(server, {**runs, **dict.fromkeys(planned, "planned")})

    wait_until(all_ended, seconds=SETTLE_SECONDS)

    wanted = {**{run: ENDS_AS[kind] for run, kind in runs.items()}, **dict.fromkeys(planned, "COMPLETED")}
    histories = {run: history(server, run) for run in wanted}
    with capsys.disabled():
        print(f"\nchaos (seed {SEED}, {SECONDS:g} s): {told(wanted, histories, chaos.kills, len(planned))}")
    wrong = {run: names for run, names in histories.items() if ends_of(names) != [wanted[run]]}
    assert wrong == {}
    assert sorted(path.name for path in (tmp_path / "journal").glob("overlap-*")) == []
    assert gaps([due(run) for run in planned.values()], began, ended) == []
    limit = server.ask("GET", f"/deployments/{deployments['limited']}")["global_concurrency_limit"]
    assert limit["active_slots"] == 0


def change(server, deployment_id, **changes):
    server.ask("PATCH", f"/deployments/{deployment_id}", changes)


def begin(server, deployment_id, *, number):
    """The key makes a request that is sent again, because the server was killed, one and the same."""
    body = {"idempotency_key": f"chaos {number}"}
    return server.ask("POST", f"/deployments/{deployment_id}/create_flow_run", body)["id"]


def unfinished(server, runs):
    found = server.ask(
        "POST", "/flow_runs/filter", {"flow_runs": {"state": {"type": {"not_any_": sorted(ENDED)}}}, "limit": 200}
    )
    return [run["id"] for run in found if run["id"] in runs]


def cancel_sleepers(server, runs):
    sleepers = [run for run, kind in runs.items() if kind == "sleeps"]
    if not sleepers:
        return
    body = {"flow_runs": {"id": {"any_": sleepers[-150:]}, "state": {"type": {"any_": ["RUNNING"]}}}, "limit": 200}
    for run in server.ask("POST", "/flow_runs/filter", body):
        state = {"type": "CANCELLING", "name": "Cancelling"}
        server.ask("POST", f"/flow_runs/{run['id']}/set_state", {"state": state})


def history(server, run_id):
    states = server.ask("GET", f"/flow_run_states/?flow_run_id={run_id}")
    return [state["type"] for state in sorted(states, key=lambda state: state["timestamp"])]


def ends_of(types):
    return [type_ for type_ in types if type_ in ENDED]


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


def told(wanted, histories, kills, planned):
    ends = Counter(end for types in histories.values() for end in ends_of(types) or ["unfinished"])
    again = sum(types.count("PENDING") - 1 for types in histories.values() if "PENDING" in types)
    counts = ", ".join(f"{count} {end}" for end, count in sorted(ends.items()))
    hits = ", ".join(f"{count} {what}" for what, count in sorted(kills.items()))
    return f"{len(wanted)} runs ({planned} planned): {counts}; begun again {again} times; killed: {hits}"
