"""Background task runs: queued in the database, sent to one task worker each."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from time import sleep
from uuid import UUID

import pytest
from django.db import connection, transaction

from orchestrator.contract.ids import uuid7
from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import now
from runs.models import QueuedTaskRun, TaskRun, TaskSubscription
from runs.orchestration.transition import RunKind
from runs.services.background import acknowledge, connected_workers, renew, subscribe, take_next, unsubscribe
from runs.services.background_losses import take_back_from_the_lost
from runs.services.task_runs import TaskPlan, create_task_run
from runs.services.transitions import propose_state

pytestmark = pytest.mark.django_db


def delayed(key: str = "add", name: str = "Scheduled") -> TaskRun:
    state = State(StateType.SCHEDULED, name, details={"deferred": True})
    run, _ = create_task_run(plan=TaskPlan(task_key=key, dynamic_key=str(uuid7()), state=state))
    return run


def worker(*keys: str) -> UUID:
    return subscribe(client_id="host-1", task_keys=keys or ("add",))


def taken(subscription: UUID, *keys: str) -> TaskRun | None:
    return take_next(subscription_id=subscription, epoch=1, task_keys=keys or ("add",))


def test_sends_each_task_run_to_one_worker_in_order():
    first, second = delayed(), delayed()
    one, other = worker(), worker()

    assert [taken(one), taken(other), taken(one)] == [first, second, None]


def test_asks_the_keys_in_the_order_given_and_no_others():
    delayed("other")
    add, mul = delayed("add"), delayed("mul")
    one = worker()

    assert [taken(one, "mul", "add"), taken(one, "mul", "add"), taken(one, "mul", "add")] == [mul, add, None]


def test_sends_retries_before_all_others():
    delayed()
    retry = delayed(name="AwaitingRetry")

    assert taken(worker()) == retry


def test_sends_again_and_first_what_was_not_acknowledged():
    first = delayed()
    delayed()
    one = worker()
    taken(one)

    unsubscribe(subscription_id=one, epoch=1)

    assert taken(worker()) == first


def test_sends_no_more_what_was_acknowledged():
    run, one = delayed(), worker()
    taken(one)

    acknowledge(subscription_id=one, epoch=1, task_run_id=run.pk)
    unsubscribe(subscription_id=one, epoch=1)

    assert taken(worker()) is None
    assert not QueuedTaskRun.objects.exists()


def test_takes_back_what_a_dead_process_had_sent():
    run, lost = delayed(), worker()
    taken(lost)
    TaskSubscription.objects.filter(pk=lost).update(lease_expires_at=now() - timedelta(seconds=1))

    assert take_back_from_the_lost() == 1

    assert taken(worker()) == run
    assert not renew(subscription_id=lost, epoch=1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_acknowledges_while_another_process_takes_the_worker_for_lost():
    run, lost = delayed(), worker()
    taken(lost)
    locked = Event()

    def end():
        with transaction.atomic():
            TaskSubscription.objects.select_for_update().get(pk=lost)
            locked.set()
            sleep(0.5)  # in which the acknowledgement comes to wait
            unsubscribe(subscription_id=lost, epoch=1)
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        ending = pool.submit(end)
        locked.wait()
        acknowledge(subscription_id=lost, epoch=1, task_run_id=run.pk)
        ending.result()

    assert taken(worker()) == run


def test_renews_one_worker_without_looking_after_the_others(django_assert_num_queries):
    one, lost = worker(), worker()
    TaskSubscription.objects.filter(pk=lost).update(lease_expires_at=now() - timedelta(seconds=1))

    with django_assert_num_queries(1):
        assert renew(subscription_id=one, epoch=1)


def test_keeps_what_a_renewed_worker_holds():
    delayed()
    one = worker()
    taken(one)

    assert renew(subscription_id=one, epoch=1)
    assert taken(worker()) is None


def test_drops_what_has_been_taken_up_otherwise():
    run = delayed()
    propose_state(kind=RunKind.TASK_RUN, run_id=run.pk, proposal=State(StateType.CANCELLED))
    second = delayed()

    assert taken(worker()) == second


def test_queues_a_task_run_that_is_scheduled_again():
    run, one = delayed(), worker()
    taken(one)
    acknowledge(subscription_id=one, epoch=1, task_run_id=run.pk)

    again = State(StateType.SCHEDULED, "AwaitingRetry", details={"deferred": True})
    propose_state(kind=RunKind.TASK_RUN, run_id=run.pk, proposal=again)

    assert taken(one) == run


def test_queues_nothing_that_is_not_deferred():
    create_task_run(plan=TaskPlan(task_key="add", dynamic_key="0", state=State(StateType.SCHEDULED)))

    assert taken(worker()) is None


def test_forgets_a_deleted_task_run():
    delayed().delete()

    assert taken(worker()) is None


def test_lists_the_workers_that_are_connected():
    add, mul = worker("add"), worker("mul", "add")
    gone, lost = worker("mul"), worker("mul")
    unsubscribe(subscription_id=gone, epoch=1)
    TaskSubscription.objects.filter(pk=lost).update(lease_expires_at=now() - timedelta(seconds=1))

    assert [row.pk for row in connected_workers(task_keys=[])] == [add, mul]
    assert [row.pk for row in connected_workers(task_keys=["mul"])] == [mul]


def test_looks_once_when_nothing_waits(django_assert_num_queries):
    one = worker(*[f"task-{number}" for number in range(50)])

    with django_assert_num_queries(1):
        taken(one, *[f"task-{number}" for number in range(50)])
