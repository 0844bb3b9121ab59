"""The deployments of the soak: what their flows do, and how each run has to end.

Every execution of a flow tells the witness when it begins and when it ends, and writes numbered lines to its log.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

from benchmarks.soak import witness
from orchestrator import (
    CeleryTaskRunner,
    concurrency,
    create_markdown_artifact,
    emit_event,
    flow,
    get_run_logger,
    run_deployment,
    runtime,
    task,
)

LINES = 4  # of each execution, in the log
POOL = "soak"
SHARED = "soak-shared"  # a global concurrency limit
SHARED_PLACES = 2
TAG = "soak-tag"
TAG_PLACES = 2
LIMITED_PLACES = 2
SPOKEN = "soak.spoken"  # an event that flows emit
_STEP_SECONDS = 0.05


class Expected(Exception):
    """A flow fails as it is supposed to."""


@contextmanager
def execution() -> Iterator[int]:
    """Which execution of the run this is, from 1; told to the witness at both ends."""
    run, number = runtime.flow_run.id, runtime.flow_run.run_count
    witness.tell("begins", run=run, execution=number)
    for line in range(LINES):
        get_run_logger().info("line %d of %d", line, number)
    try:
        yield number
    except Expected:
        witness.tell("fails", run=run, execution=number)
        raise
    witness.tell("ends", run=run, execution=number)


@task
def step(execution: int, number: int) -> int:
    witness.tell("task", run=runtime.flow_run.id, task=runtime.task_run.id, execution=execution)
    time.sleep(_STEP_SECONDS)
    return number * number


@flow
def works() -> None:
    with execution() as number:
        assert [step(number, each) for each in range(3)] == [0, 1, 4]
        key, data = f"soak-{runtime.flow_run.id}", f"execution {number}"
        create_markdown_artifact(data, key=key)
        witness.tell("shows", run=runtime.flow_run.id, key=key, data=data)


@flow
def fails() -> None:
    with execution() as number:
        step(number, 1)
        raise Expected("as it should")


@flow(retries=2, retry_delay_seconds=0.2)
def recovers() -> None:
    with execution() as number:
        step(number, 1)
        if number == 1:
            raise Expected("the first time")


@flow
def maps() -> None:
    with execution() as number:
        squares = step.map(number, range(6))
        assert step.submit(number, 7, wait_for=squares).result() == 49
        assert squares.result() == [0, 1, 4, 9, 16, 25]


@flow
def inner() -> int:
    with execution() as number:
        return step(number, 5)


@flow
def encloses() -> None:
    with execution():
        assert inner() + inner() == 50


@task(
    persist_result=True, cache_key_fn=lambda _, inputs: f"soak-{inputs['minute']}", cache_expiration=timedelta(hours=1)
)
def once_a_minute(minute: int) -> int:
    return minute + 1


@flow
def caches() -> None:
    with execution():
        minute = int(time.time() // 60)
        assert once_a_minute(minute) == minute + 1


@flow(task_runner=CeleryTaskRunner(pool=POOL))
def spreads() -> None:
    with execution() as number:
        assert step.map(number, range(4)).result() == [0, 1, 4, 9]


@flow
def limited() -> None:
    with execution() as number, _one_of(LIMITED_PLACES, "limited"):
        step(number, 2)


@flow
def shares() -> None:
    # The shortest lease that there is: a killed process frees its slot within a minute.
    slot = concurrency(SHARED, occupy=1, lease_duration=60, strict=True)
    with execution() as number, slot, _one_of(SHARED_PLACES, "shared"):
        step(number, 2)


@task(tags=[TAG])
def tagged() -> None:
    with _one_of(TAG_PLACES, "tagged"):
        time.sleep(_STEP_SECONDS)


@flow
def tags() -> None:
    with execution():
        for _ in range(2):
            tagged()


@flow
def speaks() -> None:
    with execution() as number:
        resource = {"prefect.resource.id": f"soak.run.{runtime.flow_run.id}"}
        for each in range(3):
            event = emit_event(SPOKEN, resource=resource, payload={"execution": number, "number": each})
            witness.tell("speaks", run=runtime.flow_run.id, execution=number, event=str(event.id))


@flow
def delegates() -> None:
    with execution():
        child = run_deployment("works/soak", poll_interval=0.5)
        assert child.state, child
        assert child.state.is_completed(), child.state


@flow
def sleeps() -> None:
    with execution():
        time.sleep(600)


@flow
def planned() -> None:
    with execution() as number:
        step(number, 1)


@flow
def answers(question: str = "") -> None:
    with execution() as number:
        witness.tell("answers", run=runtime.flow_run.id, execution=number, question=question)


@contextmanager
def _one_of(places: int, what: str) -> Iterator[IO[str]]:
    """A lock that ends with its process: no more than `places` can have one at once, whatever the server believes."""
    directory = Path(os.environ[witness.FILE]).parent
    for number in range(places):
        file = (directory / f"{what}-{number}.lock").open("a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            continue
        with file:
            yield file
        return
    witness.tell("too many", run=runtime.flow_run.id, limit=what)
    raise RuntimeError(f"more than {places} are in {what}")


@dataclass(frozen=True)
class Kind:
    """`weight`: how often it is asked for; 0 is not asked for by name. `changes` are made to its deployment."""

    flow: Any
    weight: int
    ends_as: str = "COMPLETED"
    changes: dict[str, Any] = field(default_factory=dict)


KINDS = {
    "works": Kind(works, 5),
    "fails": Kind(fails, 2, "FAILED"),
    "recovers": Kind(recovers, 2),
    "maps": Kind(maps, 2),
    "encloses": Kind(encloses, 2),
    "caches": Kind(caches, 1),
    "spreads": Kind(spreads, 1),
    "limited": Kind(limited, 2, changes={"concurrency_limit": LIMITED_PLACES}),
    "shares": Kind(shares, 2),
    "tags": Kind(tags, 1),
    "speaks": Kind(speaks, 2),
    # One at a time: it holds a place of a worker while it waits for another place.
    "delegates": Kind(delegates, 1, changes={"concurrency_limit": 1}),
    "sleeps": Kind(sleeps, 1, "CANCELLED"),  # cancelled at once, or when they run
    "planned": Kind(planned, 0),  # by a schedule
    "answers": Kind(answers, 0),  # by an automation
}
