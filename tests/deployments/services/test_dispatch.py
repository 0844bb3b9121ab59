"""Which runs workers are woken for. The broker is outside; what is sent to it is recorded instead."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from deployments.models import WorkQueue
from deployments.services import dispatch
from deployments.services.claims import claim_from_pool, give_back
from deployments.services.deployment_runs import RunRequest, create_deployment_run
from deployments.services.deployments import apply_deployment
from deployments.services.dispatch import (
    dispatch_due_runs,
    dispatch_pool,
    dispatch_run,
    dispatch_waiting_runs,
    empty_deserted_queues,
    has_due_runs,
    may_be_swept,
)
from deployments.services.places import limited_pools
from deployments.services.resources import pool_resource
from deployments.services.wake_ups import WakeUp
from deployments.services.work_pools import create_work_pool, update_work_pool
from deployments.services.work_queues import create_work_queue, update_work_queue
from deployments.services.workers import record_heartbeat
from deployments.subscribers import wake_a_worker
from deployments.tasks import dispatcher, sweeper
from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import format_time, now
from orchestrator.events.models import Event
from runs.errors import ClaimRefused
from runs.models import FlowRun
from runs.orchestration.transition import RunKind
from runs.services.flows import get_or_create_flow
from runs.services.resuming import resume_flow_run
from runs.services.transitions import propose_state
from tests.clock import Clock


@pytest.fixture
def sent(monkeypatch):
    messages = []
    monkeypatch.setattr(dispatch, "send_wake_ups", messages.extend)
    monkeypatch.setattr(dispatch, "waiting_messages", lambda connection, queue: 0)
    monkeypatch.setattr(dispatch, "_called", dispatch.Called())
    limited_pools.forget()
    return messages


def queues_of(sent):
    return sorted(wake_up.queue for wake_up in sent)


def runs_of(sent):
    return [str(wake_up.flow_run_id) for wake_up in sent]


def deployment(pool="local", pool_type="celery", has_worker=True, queues=(), **changes):
    create_work_pool(name=pool, type=pool_type)
    if has_worker:
        record_heartbeat(pool_name=pool, worker_name="w1", work_queue_names=queues)
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

    assert sent == [WakeUp(flow_run_id=run.pk, pool="local", queue="pool.local", priority=0)]


@pytest.mark.django_db
class TestSweeps:
    def test_wake_workers_for_what_became_due_just_now(self, sent):
        made = deployment()
        due = planned_ahead(run_of(made, -1))
        planned_ahead(run_of(made, -60))
        planned_ahead(run_of(made, 60))

        assert dispatch_due_runs() == 1
        assert runs_of(sent) == [str(due.pk)]

    def test_leave_a_run_to_its_first_wake_up_that_was_due_at_once(self, sent):
        run_of(deployment())

        assert dispatch_due_runs() == 0

    def test_wake_workers_again_for_what_still_waits(self, sent):
        made = deployment()
        run_of(made, -1)
        waiting = run_of(made, -60)

        assert dispatch_waiting_runs() == 1
        assert runs_of(sent) == [str(waiting.pk)]

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

        assert (sent[0].soft_time_limit, sent[0].time_limit) == (50, 90)

    def test_ask_as_much_however_many_runs_wait(self, sent, django_assert_num_queries):
        made = deployment()
        for _ in range(5):
            run_of(made, -60)

        # Which pools, who serves them, how many runs wait in which queue, its limits, and which runs they are.
        with django_assert_num_queries(5):
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
        assert str(behind.pk) in runs_of(sent)

    @pytest.mark.parametrize("limit", ["soon", -1, 0, True, [5], None])
    def test_send_no_limit_that_is_no_time(self, sent, limit):
        run = run_of(deployment())
        variables = {"time_limit_seconds": limit, "soft_time_limit_seconds": limit}
        FlowRun.objects.filter(pk=run.pk).update(job_variables=variables)

        dispatch_run(flow_run_id=run.pk)

        assert (sent[0].soft_time_limit, sent[0].time_limit) == (None, None)

    def test_add_nothing_to_the_messages_that_busy_workers_have_not_read(self, sent, monkeypatch):
        made = deployment()
        for _ in range(3):
            run_of(made, -60)

        monkeypatch.setattr(dispatch, "waiting_messages", lambda connection, queue: 2)

        assert dispatch_waiting_runs() == 1

    def test_send_only_as_many_as_a_limit_has_places(self, sent):
        made = deployment()
        update_work_pool(name="local", changes={"concurrency_limit": 2})
        for _ in range(3):
            run_of(made, -60)

        assert dispatch_waiting_runs() == 2

    def test_take_the_most_urgent_queue_first(self, sent):
        made = deployment()
        create_work_queue(pool_name="local", name="later")
        update_work_pool(name="local", changes={"concurrency_limit": 1})
        run_of(made, -60, work_queue_name="later")
        urgent = run_of(made, -30)

        dispatch_waiting_runs()

        assert runs_of(sent) == [str(urgent.pk)]
        assert sent[0].priority == 0

    def test_tell_the_broker_how_urgent_a_queue_is(self, sent):
        made = deployment()
        for priority in (3, 40):
            create_work_queue(pool_name="local", name=f"q{priority}", priority=priority)
            dispatch_run(flow_run_id=run_of(made, work_queue_name=f"q{priority}").pk)

        assert [wake_up.priority for wake_up in sent] == [2, 9]


@pytest.mark.django_db
class TestDueRuns:
    def test_are_sent_at_their_time(self, sent):
        planned_ahead(run_of(deployment(), 0.5))
        pauses = []

        assert dispatch_due_runs(sleep=pauses.append) == 1
        assert 0 < pauses[0] <= 0.5

    def test_are_all_sent_for_however_many_are_due_together(self, sent, monkeypatch):
        monkeypatch.setattr(dispatch, "PIECE", 2)
        made = deployment()
        due = {str(planned_ahead(run_of(made, -1)).pk) for _ in range(5)}
        sent.clear()

        assert dispatch_due_runs() == 5
        assert set(runs_of(sent)) == due

    def test_are_looked_up_by_their_keys_however_many_others_are_due(self, sent):
        planned_ahead(run_of(deployment(), -1))

        with CaptureQueriesContext(connection) as asked:
            assert dispatch_due_runs() == 1

        facts_of_a_piece = asked.captured_queries[1]["sql"]
        assert '"runs_flowrun"."id" IN (' in facts_of_a_piece
        for column in ("state_type", "next_scheduled_start_time"):
            assert f'"{column}"' not in facts_of_a_piece.partition(" WHERE ")[2]

    def test_are_not_sent_for_when_somebody_takes_them_meanwhile(self, sent, monkeypatch):
        monkeypatch.setattr(dispatch, "PIECE", 1)
        made = deployment()
        first, second = (planned_ahead(run_of(made, seconds)) for seconds in (0.3, 0.4))

        def take(seconds):
            claim_from_pool(pool_name="local", flow_run_id=second.pk, worker_name="w1")

        dispatch_due_runs(sleep=take)

        assert runs_of(sent) == [str(first.pk)]

    def test_are_sent_for_once_while_they_wait_for_a_free_process(self, sent):
        planned_ahead(run_of(deployment(), -1))
        sent.clear()

        assert [dispatch_due_runs(), dispatch_due_runs()] == [1, 0]
        assert len(sent) == 1

    def test_are_sent_for_again_when_they_are_due_a_second_time(self, sent):
        run = planned_ahead(run_of(deployment(), -1))
        dispatch_due_runs()
        FlowRun.objects.filter(pk=run.pk).update(next_scheduled_start_time=now())

        assert dispatch_due_runs(sleep=lambda seconds: None) == 1

    def test_are_sent_for_later_where_nobody_listened(self, sent):
        planned_ahead(run_of(deployment(has_worker=False), -1))
        before = dispatch_due_runs()
        record_heartbeat(pool_name="local", worker_name="w1")

        assert (before, dispatch_due_runs()) == (0, 1)

    def test_are_left_to_the_next_look_when_they_are_further_away(self, sent):
        planned_ahead(run_of(deployment(), 1.5))

        assert dispatch_due_runs(sleep=lambda seconds: None) == 0

    @pytest.mark.parametrize(("seconds", "due"), [(-60, False), (-1, True), (0.5, True), (1.5, False)])
    def test_are_known_of_before_they_are_looked_for(self, sent, django_assert_num_queries, seconds, due):
        planned_ahead(run_of(deployment(), seconds))

        with django_assert_num_queries(1):
            assert dispatcher.has_work() is due
        assert dispatch_due_runs(sleep=lambda seconds: None) == int(due)

    def test_are_sent_only_as_far_as_a_limit_has_places(self, sent):
        made = deployment()
        update_work_pool(name="local", changes={"concurrency_limit": 1})
        for _ in range(3):
            planned_ahead(run_of(made, -1))

        assert dispatch_due_runs() == 1


@pytest.mark.django_db
class TestSweeping:
    @pytest.mark.parametrize(("seconds", "work"), [(-60, True), (-1, False), (60, False)])
    def test_is_needed_while_a_run_has_waited_for_a_moment(self, sent, seconds, work):
        planned_ahead(run_of(deployment(), seconds))

        assert sweeper.has_work() is work
        assert dispatch_waiting_runs() == int(work)

    def test_is_needed_for_some_time_after_a_worker_left(self, monkeypatch):
        clock = Clock(monkeypatch, now())
        deployment()
        before = sweeper.has_work()
        record_heartbeat(pool_name="local", worker_name="w1", leaving=True)
        clock.forward(seconds=1)
        left = sweeper.has_work()
        clock.forward(hours=1)

        assert (before, left, sweeper.has_work()) == (False, True, False)


@pytest.mark.django_db
class TestQueuesOfWorkers:
    def test_call_only_workers_that_serve_the_queue(self, sent):
        made = deployment(queues=["gpu & co"])

        dispatch_run(flow_run_id=run_of(made).pk)
        dispatch_run(flow_run_id=run_of(made, work_queue_name="gpu & co").pk)

        assert queues_of(sent) == ["pool.local/gpu & co"]

    def test_call_both_kinds_of_workers(self, sent):
        made = deployment(queues=["gpu"])
        record_heartbeat(pool_name="local", worker_name="w2", work_queue_names=[])

        dispatch_run(flow_run_id=run_of(made, work_queue_name="gpu").pk)

        assert queues_of(sent) == ["pool.local", "pool.local/gpu"]

    def test_call_nobody_where_the_only_worker_left(self, sent):
        made = deployment()
        record_heartbeat(pool_name="local", worker_name="w1", leaving=True)

        assert not dispatch_run(flow_run_id=run_of(made).pk)

    def test_are_emptied_when_their_only_reader_left(self, sent, monkeypatch):
        emptied = []
        monkeypatch.setattr(dispatch, "empty_queue", lambda connection, queue: emptied.append(queue) or 1)
        deployment(queues=["gpu"])
        record_heartbeat(pool_name="local", worker_name="w2", work_queue_names=["cpu", "gpu"])
        record_heartbeat(pool_name="local", worker_name="w2", leaving=True)

        empty_deserted_queues()

        assert emptied == ["pool.local/cpu"]


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    """What follows from a commit, without waiting for a service."""

    def waiting(self, sent, *, limit=None, **options):
        made = deployment(**options)
        if limit is not None:
            update_work_pool(name="local", changes={"concurrency_limit": limit})
        runs = [run_of(made, -10), run_of(made, -5)]
        sent.clear()
        return made, runs

    def test_wakes_for_the_next_run_when_a_place_becomes_free(self, sent):
        _, (first, second) = self.waiting(sent, limit=1)
        _, claim = claim_from_pool(pool_name="local", flow_run_id=first.pk, worker_name="w1")
        sent.clear()

        propose_state(
            kind=RunKind.FLOW_RUN, run_id=first.pk, proposal=State(type=StateType.COMPLETED), claim_id=claim.pk
        )

        assert runs_of(sent) == [str(second.pk)]

    def test_asks_nothing_when_a_run_of_a_pool_without_limits_ends(self, sent, django_assert_num_queries):
        _, (first, _) = self.waiting(sent)
        assert dispatch_pool(pool_id=first.work_queue.work_pool_id) == 2
        event = Event(
            event="prefect.flow-run.Completed",
            resource_id=f"prefect.flow-run.{first.pk}",
            related=[pool_resource(first.work_queue.work_pool)],
            payload={"initial_state": {"type": "RUNNING"}, "validated_state": {"type": "COMPLETED"}},
        )
        assert first.work_queue.work_pool_id not in limited_pools

        with django_assert_num_queries(0):
            wake_a_worker(event)

    def test_does_not_wake_for_a_run_that_finds_no_place(self, sent):
        made, (first, _) = self.waiting(sent, limit=1)
        claim_from_pool(pool_name="local", flow_run_id=first.pk, worker_name="w1")
        sent.clear()

        run_of(made)

        assert sent == []

    def test_wakes_when_a_limit_is_raised(self, sent):
        self.waiting(sent, limit=0)

        update_work_pool(name="local", changes={"concurrency_limit": 5})

        assert len(sent) == 2

    def test_wakes_when_the_pool_is_resumed(self, sent):
        _, runs = self.waiting(sent)
        update_work_pool(name="local", changes={"is_paused": True})

        update_work_pool(name="local", changes={"is_paused": False})

        assert runs_of(sent) == [str(run.pk) for run in runs]

    def test_wakes_when_the_queue_is_resumed(self, sent):
        self.waiting(sent)
        queue = WorkQueue.objects.get(work_pool__name="local")
        update_work_queue(queue_id=queue.pk, changes={"is_paused": True})

        update_work_queue(queue_id=queue.pk, changes={"is_paused": False})

        assert len(sent) == 2

    def test_wakes_a_worker_that_comes(self, sent):
        self.waiting(sent, has_worker=False)

        record_heartbeat(pool_name="local", worker_name="w1")
        found = len(sent)
        record_heartbeat(pool_name="local", worker_name="w1")

        assert (found >= 2, len(sent)) == (True, found)

    def test_wakes_a_second_worker_that_comes_for_another_queue(self, sent):
        made = deployment()
        create_work_queue(pool_name="local", name="gpu")
        record_heartbeat(pool_name="local", worker_name="w1", work_queue_names=["default"])
        run_of(made, -5, work_queue_name="gpu")
        assert sent == []

        record_heartbeat(pool_name="local", worker_name="w2", work_queue_names=["gpu"])

        assert queues_of(sent) == ["pool.local/gpu"]

    def test_leaves_a_description_alone(self, sent):
        self.waiting(sent)

        update_work_pool(name="local", changes={"description": "another"})

        assert sent == []


@pytest.mark.django_db
def test_wakes_a_worker_for_a_run_that_was_resumed_while_its_process_was_leaving(sent):
    run = run_of(deployment())
    _, claim = claim_from_pool(pool_name="local", flow_run_id=run.pk, worker_name="w1")
    suspended = State(type=StateType.PAUSED, name="Suspended", details={"pause_reschedule": True})
    for state in (State(type=StateType.RUNNING), suspended):
        propose_state(kind=RunKind.FLOW_RUN, run_id=run.pk, proposal=state, claim_id=claim.pk)
    resume_flow_run(flow_run_id=run.pk)
    with pytest.raises(ClaimRefused, match="is taken"):
        claim_from_pool(pool_name="local", flow_run_id=run.pk, worker_name="w1")
    sent.clear()

    give_back(claim_id=claim.pk)

    assert runs_of(sent) == [str(run.pk)]
    assert claim_from_pool(pool_name="local", flow_run_id=run.pk, worker_name="w1")


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL knows how many runs each index would give it")
@pytest.mark.parametrize("ask", [has_due_runs, may_be_swept, dispatch_due_runs, dispatch_waiting_runs])
def test_reads_no_runs_that_are_planned_for_later(ask, sent):
    with CaptureQueriesContext(connection) as asked:
        ask()

    [of_runs] = [query["sql"] for query in asked.captured_queries if 'FROM "runs_flowrun"' in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {of_runs}")
        plan = [row[3] for row in cursor.fetchall()]
    assert "flow_run_due (state_type=? AND next_scheduled_start_time" in plan[0]
