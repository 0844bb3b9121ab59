"""Proposals that are really written."""

from __future__ import annotations

from uuid import uuid4

import pytest

from orchestrator.contract.states import State, StateType, Status
from orchestrator.events.models import Event
from runs.errors import RunNotFound
from runs.models import FlowRun, FlowRunState, TaskRun
from runs.orchestration.transition import RunKind
from runs.services.flow_runs import Plan, create_flow_run
from runs.services.flows import get_or_create_flow
from runs.services.task_runs import TaskPlan, create_task_run
from runs.services.transitions import propose_state
from tests.factories import make_flow_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def flow():
    flow, _ = get_or_create_flow(name="analysis")
    return flow


@pytest.fixture
def run(flow):
    run, _ = create_flow_run(plan=Plan(flow_id=flow.pk))
    return run


def propose(run, type_, *, kind=RunKind.FLOW_RUN, force=False, **state):
    return propose_state(kind=kind, run_id=run.pk, proposal=State(type=StateType(type_), **state), force=force)


def test_writes_the_state_and_shows_it_on_the_run(run):
    answer = propose(run, "RUNNING")

    run.refresh_from_db()
    assert answer.status is Status.ACCEPT
    assert (run.state_type, run.state_name, run.state_id) == ("RUNNING", "Running", str(answer.state.id))
    assert [state.type for state in run.states.order_by("timestamp")] == ["PENDING", "RUNNING"]


def test_fills_in_whose_state_it_is(run):
    answer = propose(run, "RUNNING")

    assert answer.state.details["flow_run_id"] == str(run.pk)


def test_keeps_time_and_counts_of_a_whole_run(run):
    propose(run, "RUNNING")
    propose(run, "COMPLETED")

    run.refresh_from_db()
    assert run.run_count == 1
    assert run.start_time <= run.end_time
    assert run.total_run_time == pytest.approx((run.end_time - run.start_time).total_seconds())


def test_emits_one_event_for_each_written_state_that_follows_the_one_before(run):
    first = run.state_id

    answer = propose(run, "RUNNING")

    event = Event.objects.get(id=answer.state.id)
    assert event.event == "prefect.flow-run.Running"
    assert str(event.follows) == first
    assert event.payload["intended"] == {"from": "PENDING", "to": "RUNNING"}
    assert ("flow", f"prefect.flow.{run.flow_id}") in [
        (labels["prefect.resource.role"], labels["prefect.resource.id"]) for labels in event.related
    ]


def test_writes_and_emits_nothing_for_a_refused_proposal(run):
    propose(run, "RUNNING")
    before = (FlowRunState.objects.count(), Event.objects.count())

    answer = propose(run, "PENDING")

    assert answer.status is Status.ABORT
    assert answer.state.type is StateType.RUNNING
    assert (FlowRunState.objects.count(), Event.objects.count()) == before


def test_answers_a_rejected_failure_with_the_retry_that_it_wrote(flow):
    run, _ = create_flow_run(plan=Plan(flow_id=flow.pk, empirical_policy={"retries": 1, "retry_delay": 5}))
    propose(run, "RUNNING")

    answer = propose(run, "FAILED", message="boom")

    run.refresh_from_db()
    assert (answer.status, answer.written, run.state_name) == (Status.REJECT, True, "AwaitingRetry")
    assert run.empirical_policy["retry_type"] == "in_process"


def test_never_gives_two_states_of_a_run_the_same_time(run):
    moment = run.current_state.timestamp

    answer = propose(run, "RUNNING", timestamp=moment)

    assert answer.state.timestamp > moment


def test_shows_the_state_of_a_subflow_on_its_tracking_task_run(flow, run):
    tracking, _ = create_task_run(plan=TaskPlan(flow_run_id=run.pk, task_key="child", dynamic_key="0"))
    child, _ = create_flow_run(plan=Plan(flow_id=flow.pk, parent_task_run_id=tracking.pk))

    propose(child, "RUNNING")

    tracking.refresh_from_db()
    child.refresh_from_db()
    assert tracking.state_type == "RUNNING"
    assert tracking.state["state_details"]["child_flow_run_id"] == str(child.pk)
    assert child.state["state_details"]["task_run_id"] == str(tracking.pk)


def test_remembers_in_a_task_run_which_run_of_the_flow_it_belongs_to(run):
    propose(run, "RUNNING")
    task_run, _ = create_task_run(plan=TaskPlan(flow_run_id=run.pk, task_key="t", dynamic_key="0"))

    propose(task_run, "RUNNING", kind=RunKind.TASK_RUN)

    assert TaskRun.objects.get(pk=task_run.pk).flow_run_run_count == 1


def test_names_the_run_that_does_not_exist():
    unknown = uuid4()

    with pytest.raises(RunNotFound, match=str(unknown)):
        propose_state(kind=RunKind.FLOW_RUN, run_id=unknown, proposal=State(type=StateType.RUNNING))


def test_asks_the_database_a_fixed_number_of_questions(run, django_assert_num_queries):
    # savepoint, run with its relations, state, run, event, its related rows, savepoint released
    with django_assert_num_queries(7):
        propose(run, "RUNNING")


def test_gets_the_first_run_again_for_the_same_idempotency_key(flow):
    first, created = create_flow_run(plan=Plan(flow_id=flow.pk, idempotency_key="k"))
    second, created_again = create_flow_run(plan=Plan(flow_id=flow.pk, idempotency_key="k"))

    assert (created, created_again) == (True, False)
    assert first.pk == second.pk
    assert FlowRun.objects.count() == 1


def test_changes_a_state_with_five_statements(django_assert_num_queries):
    """Read and lock the run, update it, and add the state, the event and what the event is about."""
    warm, run = make_flow_run(), make_flow_run()
    propose_state(kind=RunKind.FLOW_RUN, run_id=warm.pk, proposal=State(type=StateType.PENDING), force=True)

    with django_assert_num_queries(7):  # and the savepoint around them, because a test is a transaction
        propose_state(kind=RunKind.FLOW_RUN, run_id=run.pk, proposal=State(type=StateType.PENDING), force=True)
