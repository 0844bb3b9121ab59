"""Task runs over REST that take over what another with the same cache key left."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from orchestrator.contract.states import State, StateType, Status
from orchestrator.contract.times import format_time, now
from runs.models import CachedState, TaskRun
from runs.orchestration.transition import RunKind
from runs.services.transitions import Answer, propose_state
from tests.factories import make_task_run

pytestmark = pytest.mark.django_db
RESULT = {"storage_key": "/results/1"}


def propose(task: TaskRun, type_: str, *, data: Any = None, force: bool = False, **details: Any) -> Answer:
    proposal = State(StateType(type_), data=data, details=details)
    return propose_state(kind=RunKind.TASK_RUN, run_id=task.pk, proposal=proposal, force=force)


def completed(key: str, data: Any = RESULT, **details: Any) -> TaskRun:
    task = make_task_run(state="RUNNING")
    propose(task, "COMPLETED", data=data, cache_key=key, **details)
    return task


def test_takes_over_the_newest_state_of_the_key():
    completed("k", {"storage_key": "old"})
    completed("k", {"storage_key": "new"})
    task = make_task_run(state="PENDING")

    answer = propose(task, "RUNNING", cache_key="k")

    assert (answer.status, answer.state.type, answer.state.name) == (Status.REJECT, "COMPLETED", "Cached")
    assert answer.state.data == {"storage_key": "new"}
    assert answer.state.details["task_run_id"] == str(task.pk)


@pytest.mark.parametrize(
    ("left", "asked"),
    [
        ({}, {"cache_key": "other"}),
        ({}, {"cache_key": "k", "refresh_cache": True}),
        ({"cache_expiration": format_time(now() - timedelta(seconds=1))}, {"cache_key": "k"}),
    ],
    ids=["another key", "refreshed", "expired"],
)
def test_runs_when_nothing_usable_is_kept(left, asked):
    completed("k", **left)

    assert propose(make_task_run(state="PENDING"), "RUNNING", **asked).status is Status.ACCEPT


def test_takes_over_what_has_not_expired():
    completed("k", cache_expiration=format_time(now() + timedelta(hours=1)))

    assert propose(make_task_run(state="PENDING"), "RUNNING", cache_key="k").status is Status.REJECT


def test_keeps_nothing_of_a_state_set_by_force():
    propose(make_task_run(state="RUNNING"), "COMPLETED", data=RESULT, cache_key="k", force=True)

    assert not CachedState.objects.exists()


def test_keeps_nothing_under_a_key_that_is_too_long():
    answer = propose(make_task_run(state="RUNNING"), "COMPLETED", data=RESULT, cache_key="k" * 2001)

    assert (answer.status, answer.state.type, answer.written) == (Status.REJECT, "COMPLETED", True)
    assert not CachedState.objects.exists()


def test_forgets_a_state_with_its_task_run():
    completed("k").delete()

    assert propose(make_task_run(state="PENDING"), "RUNNING", cache_key="k").status is Status.ACCEPT


def test_costs_nothing_without_a_key(django_assert_num_queries):
    task = make_task_run(state="PENDING")
    propose(make_task_run(state="PENDING"), "RUNNING")

    with django_assert_num_queries(5):  # the savepoint and its end, the run with its lock, its row, its state
        propose(task, "RUNNING")
