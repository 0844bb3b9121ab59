"""The kinds of runs that go through the chaos: what their flows do, and how each has to end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# Each execution holds a lock that ends with its process: two at a time cannot both get it, nor can more than a limit
# allows get one of its places.
_HEADER = """
import fcntl

def locked(name):
    lock = open(os.path.join(os.environ["JOURNAL"], name), "a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return None
    return lock

def overlapped(what):
    open(os.path.join(os.environ["JOURNAL"], "overlap-" + what), "w").close()
    raise RuntimeError(what)

def alone():
    run_id = os.environ["ORCHESTRATOR_FLOW_RUN_ID"]
    return locked(run_id) or overlapped(run_id)

def one_of(places, what):
    found = (locked(f"place-{what}-{number}") for number in range(places))
    return next(filter(None, found), None) or overlapped(what)

@task
def step(seconds):
    time.sleep(seconds)
    return seconds
"""
_WORKS = """
@flow
def main(seconds: float = 0.1):
    with alone():
        for _ in range(3):
            step(seconds)
"""
_FAILS = """
@flow
def main(seconds: float = 0.1):
    with alone():
        step(seconds)
        raise ValueError("as it should")
"""
_RECOVERS = """
@flow(retries=2, retry_delay_seconds=0.2)
def main(seconds: float = 0.1):
    with alone() as lock:
        lock.write("tried ")
        lock.flush()
        step(seconds)
        if open(lock.name).read().count("tried") < 2:
            raise ValueError("the first time")
"""
_ENCLOSES = """
@flow
def inner(seconds):
    return step(seconds)

@flow
def main(seconds: float = 0.1):
    with alone():
        inner(seconds)
        inner(seconds)
"""
_SLEEPS = """
@flow
def main():
    with alone():
        time.sleep(600)
"""


def _limited(places: int, what: str) -> str:
    return f"""
@flow
def main(seconds: float = 0.1):
    with alone(), one_of({places}, "{what}"):
        for _ in range(3):
            step(seconds)
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """`weight`: how often it is chosen. `changes` are made to its deployment, `variables` are of its job."""

    flow: str
    weight: int
    ends_as: frozenset[str] = frozenset({"COMPLETED"})
    changes: dict[str, Any] | None = None
    variables: dict[str, Any] | None = None

    @property
    def code(self) -> str:
        return _HEADER + self.flow


_CANCELLED = frozenset({"CANCELLED"})
URGENT = "urgent"  # the name of a queue
URGENT_PLACES = 2
KINDS = {
    "works": Kind(_WORKS, 6),
    "fails": Kind(_FAILS, 2, frozenset({"FAILED"})),
    "recovers": Kind(_RECOVERS, 2),
    "encloses": Kind(_ENCLOSES, 2),
    "isolated": Kind(_WORKS, 1, variables={"isolation": "process"}),
    "limited": Kind(_limited(2, "limited"), 2, changes={"concurrency_limit": 2}),
    "urgent": Kind(
        _limited(URGENT_PLACES, URGENT), 2, changes={"work_pool_name": "default", "work_queue_name": URGENT}
    ),
    "rivals": Kind(
        _limited(1, "rivals"),
        2,
        frozenset({"COMPLETED", "CANCELLED"}),
        changes={"concurrency_limit": 1, "concurrency_options": {"collision_strategy": "CANCEL_NEW"}},
    ),
    "sleeps": Kind(_SLEEPS, 1, _CANCELLED),  # cancelled once they run
    "unwanted": Kind(_SLEEPS, 1, _CANCELLED),  # cancelled as soon as they are made
}
PLANNED = Kind(_WORKS, 0)
