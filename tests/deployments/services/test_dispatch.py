"""Which runs workers are woken for. The broker is outside; what is sent to it is recorded instead."""

from __future__ import annotations

from datetime import timedelta

import pytest
from celery import current_app

from deployments.services import dispatch
from deployments.services.deployment_runs import RunRequest, create_deployment_run
from deployments.services.deployments import apply_deployment
from deployments.services.dispatch import dispatch_due_runs, dispatch_run, dispatch_waiting_runs
from deployments.services.work_pools import create_work_pool, update_work_pool
from deployments.services.work_queues import create_work_queue
from deployments.services.workers import record_heartbeat
from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import format_time, now
from runs.models import FlowRun
from runs.services.flows import get_or_create_flow


@pytest.fixture
def sent(monkeypatch):
    messages = []
    monkeypatch.setattr(current_app, "send_task", lambda name, **options: messages.append((name, options)))
    return messages


def deployment(pool="local", pool_type="celery", has_worker=True, **changes):
    create_work_pool(name=pool, type=pool_type)
    if has_worker:
        record_heartbeat(pool_name=pool, worker_name="w1")
    flow, _ = get_or_create_flow(name="analysis")
    made, _ = apply_deployment(flow_id=flow.pk, name=f"on {pool}", changes={"work_pool_name": pool, **changes})
    return made


def run_of(deployment, seconds_from_now=0.0, **options):
    due = format_time(now() + timedelta(seconds=seconds_from_now))
    state = State(type=StateType.SCHEDULED, details={"scheduled_time": due})
    run, _ = create_deployment_run(deployment_id=deployment.pk, request=RunRequest(state=state, **options))
    return run


def planned_ahead(run):
    """The run as if it had been scheduled an hour ago."""
    FlowRun.objects.filter(pk=run.pk).update(state_timestamp=now() - timedelta(hours=1))
    return run


@pytest.mark.django_db(transaction=True)
def test_wakes_a_worker_of_the_pool_as_soon_as_the_run_is_committed(sent):
    run = run_of(deployment())

    name, options = sent[0]
    assert (name, options["queue"]) == ("orchestrator.execute", "pool.local")
    assert options["kwargs"] == {"flow_run_id": str(run.pk), "pool": "local"}
    assert len(sent) == 1


@pytest.mark.django_db
class TestSweeps:
    def test_wake_workers_for_what_became_due_just_now(self, sent):
        made = deployment()
        due = planned_ahead(run_of(made, -1))
        planned_ahead(run_of(made, -60))
        planned_ahead(run_of(made, 60))

        assert dispatch_due_runs() == 1
        assert [options["kwargs"]["flow_run_id"] for _, options in sent] == [str(due.pk)]

    def test_leave_a_run_to_its_first_wake_up_that_was_due_at_once(self, sent):
        run_of(deployment())

        assert dispatch_due_runs() == 0

    def test_wake_workers_again_for_what_still_waits(self, sent):
        made = deployment()
        run_of(made, -1)
        waiting = run_of(made, -60)

        assert dispatch_waiting_runs() == 1
        assert [options["kwargs"]["flow_run_id"] for _, options in sent] == [str(waiting.pk)]

    def test_leave_other_pools_to_their_own_workers(self, sent):
        run_of(deployment(pool="theirs", pool_type="process"), -60)

        assert dispatch_waiting_runs() == 0

    def test_leave_a_paused_pool_alone(self, sent):
        run_of(deployment(), -60)
        update_work_pool(name="local", changes={"is_paused": True})

        assert dispatch_waiting_runs() == 0

    def test_leave_a_run_to_the_process_that_retries_it(self, sent):
        run = run_of(deployment(), -60)
        FlowRun.objects.filter(pk=run.pk).update(empirical_policy={"retry_type": "in_process"})

        assert dispatch_waiting_runs() == 0

    def test_send_the_time_limits_of_the_run_before_those_of_its_deployment(self, sent):
        made = deployment(job_variables={"time_limit_seconds": 60, "soft_time_limit_seconds": 50})
        run = run_of(made, job_variables={"time_limit_seconds": 90})

        dispatch_run(flow_run_id=run.pk)

        _, options = sent[0]
        assert (options["soft_time_limit"], options["time_limit"]) == (50, 90)

    def test_ask_as_much_however_many_runs_wait(self, sent, django_assert_num_queries):
        made = deployment()
        for _ in range(5):
            run_of(made, -60)

        with django_assert_num_queries(2):  # which queues, and what waits in the one that there is
            assert dispatch_waiting_runs() == 5

    def test_leave_a_pool_without_workers_alone(self, sent):
        run_of(deployment(has_worker=False), -60)

        assert dispatch_waiting_runs() == 0

    def test_reach_a_queue_behind_one_with_many_waiting_runs(self, sent, monkeypatch):
        monkeypatch.setattr(dispatch, "BATCH", 2)
        made = deployment()
        create_work_queue(pool_name="local", name="behind")
        for _ in range(3):
            run_of(made, -60)
        behind = run_of(made, -60, work_queue_name="behind")

        assert dispatch_waiting_runs() == 3
        assert str(behind.pk) in [options["kwargs"]["flow_run_id"] for _, options in sent]

    @pytest.mark.parametrize("limit", ["soon", -1, 0, True, [5], None])
    def test_send_no_limit_that_is_no_time(self, sent, limit):
        run = run_of(deployment(), job_variables={"time_limit_seconds": limit, "soft_time_limit_seconds": limit})

        dispatch_run(flow_run_id=run.pk)

        _, options = sent[0]
        assert (options["soft_time_limit"], options["time_limit"]) == (None, None)
