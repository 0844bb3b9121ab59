"""Task workers that hold what they execute until it has ended."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from orchestrator.contract.ids import uuid7
from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import now
from orchestrator.web.models import WebPulse
from runs.models import QueuedTaskRun, TaskRun, TaskRunState, TaskSubscription
from runs.orchestration.transition import RunKind
from runs.services.background import (
    acknowledge,
    renew,
    subscribe,
    take_back_from_the_lost,
    take_next,
    unsubscribe,
)
from runs.services.background_holders import LEASE_SECONDS, Resumed, resume
from runs.services.task_runs import TaskPlan, create_task_run
from runs.services.transitions import propose_state

pytestmark = pytest.mark.django_db
PARAMETERS = str(uuid7())


def delayed(*, retries: int = 0) -> TaskRun:
    state = State(StateType.SCHEDULED, details={"deferred": True, "task_parameters_id": PARAMETERS})
    plan = TaskPlan(
        task_key="add", dynamic_key=str(uuid7()), state=state, empirical_policy={"retries": retries, "retry_delay": 0}
    )
    run, _ = create_task_run(plan=plan)
    return run


def worker(client_id: str = "host-1", slots: int | None = 4) -> UUID:
    return subscribe(client_id=client_id, task_keys=["add"], slots=slots)


def taken(subscription: UUID) -> TaskRun | None:
    return take_next(subscription_id=subscription, task_keys=["add"])


def moved(run: TaskRun, state_type: StateType, name: str | None = None) -> None:
    propose_state(kind=RunKind.TASK_RUN, run_id=run.pk, proposal=State(state_type, name or ""), force=True)


def begun(run: TaskRun, *, times: int = 1) -> None:
    TaskRun.objects.filter(pk=run.pk).update(state_type="RUNNING", state_name="Running", run_count=times)


def api_was_up(seconds: float) -> None:
    at = now()
    WebPulse.objects.all().delete()
    WebPulse.objects.create(started_at=at - timedelta(seconds=seconds), last_seen=at)


def lease_ended(subscription: UUID) -> None:
    ended = now() - timedelta(seconds=1)
    TaskSubscription.objects.filter(pk=subscription).update(lease_expires_at=ended)


def resumed(subscription: UUID, *executing: TaskRun, client_id: str = "host-1") -> Resumed | None:
    return resume(
        subscription_id=subscription,
        client_id=client_id,
        task_keys=["add"],
        slots=4,
        executing=[run.pk for run in executing],
    )


def test_begins_again_what_had_begun_when_its_worker_quits():
    run, one = delayed(), worker()
    taken(one)
    begun(run)

    unsubscribe(subscription_id=one)

    again = taken(worker("host-2"))
    assert again == run
    assert again.state_name == "AwaitingRetry"
    assert again.state["state_details"]["task_parameters_id"] == PARAMETERS
    assert "host-1" in again.state["message"]


def test_sends_again_what_had_not_begun_as_it_was():
    run, one = delayed(), worker()
    taken(one)

    unsubscribe(subscription_id=one)

    again = taken(worker("host-2"))
    assert (again, again.state_name) == (run, "Scheduled")


def test_forgets_what_had_ended():
    run, one = delayed(), worker()
    taken(one)
    TaskRun.objects.filter(pk=run.pk).update(state_type="COMPLETED", state_name="Completed")

    unsubscribe(subscription_id=one)

    assert taken(worker("host-2")) is None
    assert not QueuedTaskRun.objects.exists()


def test_forgets_what_was_acknowledged():
    run, one = delayed(), worker()
    taken(one)
    begun(run)

    acknowledge(subscription_id=one, task_run_id=run.pk)
    unsubscribe(subscription_id=one)

    assert taken(worker("host-2")) is None


def test_crashes_what_never_ends():
    run, one = delayed(retries=1), worker()
    taken(one)
    begun(run, times=4)  # three attempts, and one retry

    unsubscribe(subscription_id=one)

    run.refresh_from_db()
    assert run.state_type == StateType.CRASHED
    assert taken(worker("host-2")) is None


def test_keeps_what_is_held_when_the_connection_breaks():
    run, one = delayed(), worker()
    taken(one)
    begun(run)

    unsubscribe(subscription_id=one, for_good=False)

    assert taken(worker("host-2")) is None
    assert resumed(one, run) == Resumed(one, frozenset({run.pk}), epoch=2)


def test_forgets_a_worker_that_held_nothing_when_the_connection_breaks():
    one = worker()

    unsubscribe(subscription_id=one, for_good=False)

    assert not TaskSubscription.objects.exists()
    assert resumed(one) is None


def test_sends_again_what_never_reached_the_worker():
    arrived, lost, one = delayed(), delayed(), worker()
    assert {taken(one), taken(one)} == {arrived, lost}

    went_on = resumed(one, arrived)

    assert went_on == Resumed(one, frozenset({arrived.pk}), epoch=2)
    assert taken(worker("host-2")) == lost


def test_lets_nobody_else_go_on_with_a_subscription():
    one = worker()

    assert resumed(one, client_id="host-2") is None
    assert resumed(worker(slots=None)) is None


def test_takes_back_what_a_dead_worker_held_after_its_lease():
    api_was_up(LEASE_SECONDS * 2)
    run, one = delayed(), worker()
    taken(one)
    begun(run)
    lease_ended(one)

    assert take_back_from_the_lost() == 1

    run.refresh_from_db()
    assert run.state_name == "AwaitingRetry"
    assert TaskRunState.objects.filter(task_run=run.pk).count() == 2


@pytest.mark.parametrize("seconds", [0, LEASE_SECONDS / 2])
def test_takes_nobody_for_dead_who_could_not_connect(seconds):
    api_was_up(seconds)
    run, one = delayed(), worker()
    taken(one)
    begun(run)
    lease_ended(one)

    assert take_back_from_the_lost() == 0
    assert resumed(one, run) is not None


def test_forgets_a_worker_of_the_contract_at_once():
    api_was_up(0)
    one = worker(slots=None)
    lease_ended(one)

    assert take_back_from_the_lost() == 1
    assert not TaskSubscription.objects.exists()


def test_gives_nothing_to_the_connection_before_the_last():
    one = worker()
    resumed(one)
    run = delayed()

    assert taken(one) is None
    assert take_next(subscription_id=one, task_keys=["add"], epoch=2) == run


def test_lets_the_end_of_an_earlier_connection_end_nothing():
    one = worker()
    resumed(one)

    unsubscribe(subscription_id=one, for_good=False)

    assert not renew(subscription_id=one)
    assert renew(subscription_id=one, epoch=2)


def test_passes_over_what_an_earlier_connection_acknowledges():
    run, one = delayed(), worker()
    taken(one)
    resumed(one, run)

    acknowledge(subscription_id=one, task_run_id=run.pk)

    assert QueuedTaskRun.objects.filter(task_run=run.pk, holder=one).exists()
