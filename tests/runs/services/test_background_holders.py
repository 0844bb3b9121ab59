"""Task workers that hold what they execute until it has ended."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import DatabaseError

from orchestrator.contract.ids import uuid7
from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import format_time, now
from orchestrator.web.models import WebPulse
from runs import tasks
from runs.models import QueuedTaskRun, TaskRun, TaskRunState, TaskSubscription
from runs.orchestration.transition import RunKind
from runs.services import background_losses
from runs.services.background import (
    acknowledge,
    connect_holder,
    renew,
    subscribe,
    take_next,
    unsubscribe,
)
from runs.services.background_holders import LEASE_SECONDS, Holder, resume
from runs.services.background_losses import has_lost_workers, take_back_from_the_lost
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


def taken(subscription: UUID, epoch: int = 1) -> TaskRun | None:
    return take_next(subscription_id=subscription, epoch=epoch, task_keys=["add"])


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


def resumed(subscription: UUID, *executing: TaskRun, client_id: str = "host-1") -> Holder | None:
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

    unsubscribe(subscription_id=one, epoch=1)

    again = taken(worker("host-2"))
    assert again == run
    assert again.state_name == "AwaitingRetry"
    assert again.state["state_details"]["task_parameters_id"] == PARAMETERS
    assert "host-1" in again.state["message"]


def test_sends_again_what_had_not_begun_as_it_was():
    run, one = delayed(), worker()
    taken(one)

    unsubscribe(subscription_id=one, epoch=1)

    again = taken(worker("host-2"))
    assert (again, again.state_name) == (run, "Scheduled")


def test_forgets_what_had_ended():
    run, one = delayed(), worker()
    taken(one)
    TaskRun.objects.filter(pk=run.pk).update(state_type="COMPLETED", state_name="Completed")

    unsubscribe(subscription_id=one, epoch=1)

    assert taken(worker("host-2")) is None
    assert not QueuedTaskRun.objects.exists()


def test_forgets_what_was_acknowledged():
    run, one = delayed(), worker()
    taken(one)
    begun(run)

    acknowledge(subscription_id=one, epoch=1, task_run_id=run.pk)
    unsubscribe(subscription_id=one, epoch=1)

    assert taken(worker("host-2")) is None


def test_crashes_what_never_ends():
    run, one = delayed(retries=1), worker()
    taken(one)
    begun(run, times=4)  # three attempts, and one retry

    unsubscribe(subscription_id=one, epoch=1)

    run.refresh_from_db()
    assert run.state_type == StateType.CRASHED
    assert taken(worker("host-2")) is None


def test_keeps_what_is_held_when_the_connection_breaks():
    run, one = delayed(), worker()
    taken(one)
    begun(run)

    unsubscribe(subscription_id=one, epoch=1, for_good=False)

    assert taken(worker("host-2")) is None
    assert resumed(one, run) == Holder(one, frozenset({run.pk}), epoch=2)


def test_forgets_a_worker_that_held_nothing_when_the_connection_breaks():
    one = worker()

    unsubscribe(subscription_id=one, epoch=1, for_good=False)

    assert not TaskSubscription.objects.exists()
    assert resumed(one) is None


def test_sends_again_what_never_reached_the_worker():
    arrived, lost, one = delayed(), delayed(), worker()
    assert {taken(one), taken(one)} == {arrived, lost}

    went_on = resumed(one, arrived)

    assert went_on == Holder(one, frozenset({arrived.pk}), epoch=2)
    assert taken(worker("host-2")) == lost


def test_begins_anew_with_a_worker_whose_subscription_is_gone():
    one = worker()
    unsubscribe(subscription_id=one, epoch=1)

    holder = connect_holder(client_id="host-1", task_keys=["add"], slots=4, resumes=one, executing=[uuid7()])

    assert holder.subscription_id != one
    assert (holder.holds, holder.epoch) == (frozenset(), 1)


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


def test_knows_whether_a_worker_is_lost():
    api_was_up(LEASE_SECONDS * 2)
    one = worker()
    before = has_lost_workers()
    lease_ended(one)
    lost = has_lost_workers()
    take_back_from_the_lost()

    assert (before, lost, has_lost_workers()) == (False, True, False)


@pytest.mark.parametrize("seconds", [0, LEASE_SECONDS / 2])
def test_takes_nobody_for_dead_who_could_not_connect(seconds):
    api_was_up(seconds)
    run, one = delayed(), worker()
    taken(one)
    begun(run)
    lease_ended(one)

    assert take_back_from_the_lost() == 0
    assert resumed(one, run) is not None


def lost_with(run: TaskRun, seen: StateType = StateType.SCHEDULED) -> None:
    """A worker is sent the run, and is gone without a word, after the server saw this state of the run."""
    one = worker()
    assert taken(one) == run
    if seen is not StateType.SCHEDULED:
        moved(run, seen)
    lease_ended(one)
    assert take_back_from_the_lost() == 1
    run.refresh_from_db()


@pytest.mark.parametrize("seen", [StateType.SCHEDULED, StateType.PENDING])
def test_crashes_what_kills_its_worker_before_that_can_say_that_it_runs(seen):
    api_was_up(LEASE_SECONDS * 2)
    run = delayed(retries=1)

    for _ in range(3):
        lost_with(run, seen)
        assert run.state_name == "AwaitingRetry"
    lost_with(run, seen)

    assert run.state_type == StateType.CRASHED
    assert "attempt 4" in run.state["message"]
    assert taken(worker()) is None


def test_counts_attempts_that_were_seen_to_begin_with_those_that_were_not():
    api_was_up(LEASE_SECONDS * 2)
    run, one = delayed(), worker()
    taken(one)
    begun(run, times=2)
    lease_ended(one)
    take_back_from_the_lost()

    lost_with(run)

    assert run.state_type == StateType.CRASHED


def test_takes_nothing_for_an_attempt_that_was_handed_back():
    api_was_up(LEASE_SECONDS * 2)
    run = delayed()

    for _ in range(3):
        one = worker()
        assert taken(one) == run
        moved(run, StateType.PENDING)
        unsubscribe(subscription_id=one, epoch=1)
    lost_with(run)

    assert run.state_name == "AwaitingRetry"


def test_lets_a_retry_wait_for_its_time_when_its_worker_dies():
    api_was_up(LEASE_SECONDS * 2)
    run, one = delayed(retries=1), worker()
    taken(one)
    in_an_hour = format_time(now() + timedelta(hours=1))
    later = State(StateType.SCHEDULED, "AwaitingRetry", details={"scheduled_time": in_an_hour})
    propose_state(kind=RunKind.TASK_RUN, run_id=run.pk, proposal=later, force=True)
    lease_ended(one)

    assert take_back_from_the_lost() == 1

    again = taken(worker())
    assert again == run
    assert again.state["state_details"]["scheduled_time"] == in_an_hour
    assert not any(state.state_details.get("unseen_attempt") for state in run.states.all())


def test_counts_the_dead_anew_when_people_begin_a_crashed_one_again():
    api_was_up(LEASE_SECONDS * 2)
    run = delayed()
    for _ in range(3):
        lost_with(run)
    assert run.state_type == StateType.CRASHED

    again = State(StateType.SCHEDULED, details={"deferred": True, "task_parameters_id": PARAMETERS})
    propose_state(kind=RunKind.TASK_RUN, run_id=run.pk, proposal=again, force=True)
    lost_with(run)

    assert run.state_name == "AwaitingRetry"


def test_counts_the_dead_also_where_late_reports_tell_that_it_ran():
    api_was_up(LEASE_SECONDS * 2)
    run = delayed()
    for _ in range(3):
        lost_with(run)
        TaskRunState.objects.create(task_run=run, type="RUNNING", name="Running", timestamp=now())

    assert run.state_type == StateType.CRASHED


def test_takes_back_what_has_unreadable_retries():
    api_was_up(LEASE_SECONDS * 2)
    run, one = delayed(), worker()
    taken(one)
    begun(run)
    TaskRun.objects.filter(pk=run.pk).update(empirical_policy={"retries": "x"})
    lease_ended(one)

    assert take_back_from_the_lost() == 1


@pytest.mark.parametrize("error", [DatabaseError, ValueError])
def test_takes_back_from_the_others_when_one_resists(monkeypatch, error):
    api_was_up(LEASE_SECONDS * 2)
    resisting, other = worker("host-1"), worker("host-2")
    run_of_other = None
    for each in (resisting, other):
        run_of_other = delayed()
        assert taken(each) == run_of_other
        begun(run_of_other)
        lease_ended(each)
    plain = background_losses._end

    def end(subscription: TaskSubscription, *, died: bool) -> None:
        if subscription.pk == resisting:
            raise error("it resists")
        plain(subscription, died=died)

    monkeypatch.setattr(background_losses, "_end", end)

    assert take_back_from_the_lost() == 1

    assert list(TaskSubscription.objects.values_list("pk", flat=True)) == [resisting]
    assert taken(worker()) == run_of_other


def test_leaves_a_worker_alone_that_was_heard_of_in_this_moment(monkeypatch):
    api_was_up(LEASE_SECONDS * 2)
    one = worker()
    lease_ended(one)
    monkeypatch.setattr(background_losses, "_first", lambda rows: [one] if renew(subscription_id=one, epoch=1) else [])

    assert take_back_from_the_lost() == 0
    assert TaskSubscription.objects.filter(pk=one).exists()


def test_looks_after_lost_flow_runs_first(monkeypatch):
    asked = []
    monkeypatch.setattr(tasks.claims, "reclaim_lost_runs", lambda: asked.append("flow runs") or 0)
    monkeypatch.setattr(tasks.background_losses, "take_back_from_the_lost", lambda: asked.append("task workers") or 0)

    tasks.lost_runs()

    assert asked == ["flow runs", "task workers"]


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
    assert taken(one, epoch=2) == run


def test_lets_the_end_of_an_earlier_connection_end_nothing():
    one = worker()
    resumed(one)

    unsubscribe(subscription_id=one, epoch=1, for_good=False)

    assert not renew(subscription_id=one, epoch=1)
    assert renew(subscription_id=one, epoch=2)


def test_passes_over_what_an_earlier_connection_acknowledges():
    run, one = delayed(), worker()
    taken(one)
    resumed(one, run)

    acknowledge(subscription_id=one, epoch=1, task_run_id=run.pk)

    assert QueuedTaskRun.objects.filter(task_run=run.pk, holder=one).exists()
