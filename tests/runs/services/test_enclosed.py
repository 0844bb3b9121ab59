"""Task runs that a process reported just before it died, and that are recorded only afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import now
from runs.models import StateDeadline, TaskRun
from runs.orchestration.transition import RunKind
from runs.services.claims import claim_run, report_lost
from runs.services.enclosed import crash_what_was_reported_late, has_late_reports
from runs.services.transitions import propose_state
from tests.factories import make_deployment, make_flow_run, make_task_run
from tests.runs.pools import pool_of

pytestmark = pytest.mark.django_db


def begin(run, worker):
    _, claim = claim_run(flow_run_id=run.pk, worker_name=worker)
    running = State(StateType.RUNNING)
    propose_state(kind=RunKind.FLOW_RUN, run_id=run.pk, proposal=running, claim_id=claim.pk)
    return claim


def look():
    StateDeadline.objects.update(at=now() - timedelta(seconds=1))
    return crash_what_was_reported_late()


def states():
    return dict(TaskRun.objects.values_list("name", "state_type"))


@pytest.fixture
def run():
    """Its first worker died."""
    deployment = make_deployment()
    run = make_flow_run("SCHEDULED", flow=deployment.flow, deployment=deployment, next_scheduled_start_time=now())
    begin(run, "w1")
    report_lost(pool_name=pool_of(run), flow_run_id=run.pk, worker_name="w1", reason="The worker process died")
    return run


def test_are_crashed_when_the_run_waits_for_its_next_attempt(run):
    make_task_run("PENDING", flow_run=run, name="late")

    assert look() == 1
    assert states() == {"late": "CRASHED"}
    assert look() == 0


def test_are_looked_for_when_they_must_have_come(run):
    before = has_late_reports()
    StateDeadline.objects.update(at=now() - timedelta(seconds=1))
    due = has_late_reports()
    crash_what_was_reported_late()

    assert (before, due, has_late_reports()) == (False, True, False)


def test_are_told_from_those_of_the_next_attempt(run):
    make_task_run("PENDING", flow_run=run, name="before it was taken")
    begin(run, "w2")
    make_task_run("RUNNING", flow_run=run, name="very late", flow_run_run_count=1)
    make_task_run("RUNNING", flow_run=run, name="of the second", flow_run_run_count=2)
    make_task_run("PENDING", flow_run=run, name="unknown")

    look()

    assert states() == {
        "before it was taken": "CRASHED",
        "very late": "CRASHED",
        "of the second": "RUNNING",
        "unknown": "PENDING",
    }


def test_are_crashed_although_the_next_attempt_has_ended(run):
    claim = begin(run, "w2")
    make_task_run("RUNNING", flow_run=run, name="very late", flow_run_run_count=1)
    completed = State(StateType.COMPLETED)
    propose_state(kind=RunKind.FLOW_RUN, run_id=run.pk, proposal=completed, claim_id=claim.pk)

    look()

    assert states() == {"very late": "CRASHED"}


def test_cost_nothing_more_where_there_are_none(run):
    assert look() == 0
    assert not StateDeadline.objects.exists()


class TestOfASubflowThatEndedInTheDeadProcess:
    """Its last reports were lost: the task run seems to run for ever."""

    @pytest.fixture
    def subflow(self, run):
        return make_flow_run("COMPLETED", parent_task_run=make_task_run("COMPLETED", flow_run=run, name="of subflow"))

    def test_are_crashed_when_they_are_known_at_the_death(self, run, subflow):
        begin(run, "w2")
        make_task_run("PENDING", flow_run=subflow, name="late", flow_run_run_count=1)

        report_lost(pool_name=pool_of(run), flow_run_id=run.pk, worker_name="w2", reason="The worker process died")

        assert states()["late"] == "CRASHED"
        subflow.refresh_from_db()
        assert subflow.state_type == "COMPLETED"

    def test_are_crashed_when_they_come_later(self, run, subflow):
        make_task_run("RUNNING", flow_run=subflow, name="late", flow_run_run_count=1)

        look()

        assert states()["late"] == "CRASHED"

    def test_are_left_alone_when_the_next_process_reports_them(self, run, subflow):
        begin(run, "w2")
        propose_state(kind=RunKind.FLOW_RUN, run_id=subflow.pk, proposal=State(StateType.RUNNING))
        subflow.refresh_from_db()
        make_task_run("RUNNING", flow_run=subflow, name="alive", flow_run_run_count=subflow.run_count)

        look()

        assert states()["alive"] == "RUNNING"
