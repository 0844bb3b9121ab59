from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import now
from runs.models import StateDeadline
from runs.orchestration.transition import RunKind
from runs.services import cancellation
from runs.services.cancellation import (
    PARENT_CANCELLED,
    TIMED_OUT,
    cancel_children,
    has_unfinished_cancellations,
    time_out_cancelling,
)
from runs.services.transitions import propose_state
from tests.factories import make_deployment, make_flow_run, make_task_run

pytestmark = pytest.mark.django_db


def propose(run, type_, **proposal):
    return propose_state(kind=RunKind.FLOW_RUN, run_id=run.pk, proposal=State(StateType(type_), **proposal))


def let_time_pass():
    StateDeadline.objects.update(at=now() - timedelta(seconds=1))


def state_of(run):
    run.refresh_from_db()
    return run.state_type


def cancelled_run(**columns):
    run = make_flow_run(StateType.RUNNING, **columns)
    propose(run, "CANCELLED")
    return run


def subflow_of(run, state=StateType.RUNNING, **columns):
    return make_flow_run(state, parent_task_run=make_task_run(state, flow_run=run), **columns)


def test_cancels_the_unfinished_task_runs():
    run = cancelled_run()
    running, done = make_task_run(flow_run=run), make_task_run(StateType.COMPLETED, flow_run=run)
    let_time_pass()

    found = cancel_children()

    assert found == 1
    assert (state_of(running), state_of(done)) == ("CANCELLED", "COMPLETED")
    assert running.state["message"] == PARENT_CANCELLED


def test_gives_whoever_executes_the_run_the_time_to_end_them():
    run = cancelled_run()
    task = make_task_run(flow_run=run)

    assert cancel_children() == 0
    assert state_of(task) == "RUNNING"


def test_cancels_a_subflow_and_what_is_in_it():
    run = cancelled_run()
    subflow = subflow_of(run)
    task = make_task_run(flow_run=subflow)
    let_time_pass()

    cancel_children()
    let_time_pass()
    cancel_children()

    assert (state_of(subflow), state_of(subflow.parent_task_run), state_of(task)) == ("CANCELLED",) * 3


def test_asks_the_run_of_a_deployment_to_end():
    run = cancelled_run()
    subflow = subflow_of(run, deployment=make_deployment(), infrastructure_pid="host:1")
    let_time_pass()

    cancel_children()

    assert (state_of(subflow), state_of(subflow.parent_task_run)) == ("CANCELLING", "CANCELLING")


def test_leaves_the_children_of_a_run_alone_that_was_begun_again():
    deployment = make_deployment()
    run = cancelled_run(deployment=deployment)
    propose(run, "SCHEDULED")
    task = make_task_run(flow_run=run)
    let_time_pass()

    assert cancel_children() == 0
    assert state_of(task) == "RUNNING"


def test_goes_on_where_a_batch_ended(monkeypatch):
    monkeypatch.setattr(cancellation, "CHILDREN", 2)
    run = cancelled_run()
    tasks = [make_task_run(flow_run=run) for _ in range(3)]
    let_time_pass()

    calls = [cancel_children() for _ in range(3)]

    assert calls == [1, 1, 0]
    assert {state_of(task) for task in tasks} == {"CANCELLED"}


def test_takes_a_run_for_cancelled_that_does_not_end():
    run = make_flow_run(StateType.RUNNING)
    propose(run, "CANCELLING")
    let_time_pass()

    timed_out = time_out_cancelling()

    assert timed_out == 1
    assert state_of(run) == "CANCELLED"
    assert run.state["message"] == TIMED_OUT


@pytest.mark.parametrize(("asked", "work"), [("CANCELLING", time_out_cancelling), ("CANCELLED", cancel_children)])
def test_knows_whether_a_cancellation_has_to_be_brought_to_its_end(asked, work):
    run = make_flow_run(StateType.RUNNING)
    make_task_run(flow_run=run)
    propose(run, asked)
    before = has_unfinished_cancellations()
    let_time_pass()
    due = has_unfinished_cancellations()
    work()
    StateDeadline.objects.exclude(kind=StateDeadline.Kind.CANCELLING).delete()  # of what was just cancelled

    assert (before, due, has_unfinished_cancellations()) == (False, True, False)


def test_gives_a_run_five_minutes_to_end():
    run = make_flow_run(StateType.RUNNING)
    propose(run, "CANCELLING")

    deadline = StateDeadline.objects.get()

    assert (deadline.at - run.__class__.objects.get(pk=run.pk).state_timestamp).total_seconds() == 300
    assert time_out_cancelling() == 0


def test_leaves_a_run_alone_that_ended_in_time():
    run = make_flow_run(StateType.RUNNING)
    propose(run, "CANCELLING")
    propose(run, "CANCELLED", message="by the worker")
    let_time_pass()

    assert time_out_cancelling() == 0
    run.refresh_from_db()
    assert run.state["message"] == "by the worker"


def test_looks_after_the_others_when_one_run_was_deleted():
    gone, there = make_flow_run(StateType.RUNNING), make_flow_run(StateType.RUNNING)
    propose(gone, "CANCELLING")
    propose(there, "CANCELLING")
    gone.delete()
    let_time_pass()

    assert time_out_cancelling() == 1
    assert state_of(there) == "CANCELLED"
