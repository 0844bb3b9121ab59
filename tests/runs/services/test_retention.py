from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from time import sleep

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import now
from runs import tasks
from runs.models import Artifact, FlowRun, Leftover, Log, RetentionReport, TaskRun
from runs.orchestration.transition import RunKind
from runs.services import retention
from runs.services.artifacts import create_artifact
from runs.services.leftovers import clear_leftovers
from runs.services.retention import (
    delete_old_artifacts,
    delete_old_flow_runs,
    delete_old_log_lines,
    delete_old_task_runs,
    delete_what_is_old,
)
from runs.services.transitions import propose_state
from tests.factories import make_deployment, make_flow_run, make_logs, make_task_run

pytestmark = pytest.mark.django_db


def days_ago(days: float):
    return now() - timedelta(days=days)


def ended(days: float, state=StateType.COMPLETED, **columns):
    return make_flow_run(state, started=days_ago(days), seconds=1, **columns)


def artifact_of(days: float, **columns) -> Artifact:
    artifact = create_artifact(columns={"data": 1, **columns})
    Artifact.objects.filter(pk=artifact.pk).update(created=days_ago(days))
    return artifact


def test_deletes_the_runs_that_ended_ninety_days_ago():
    old, new = ended(91), ended(89)

    deleted = delete_old_flow_runs()

    assert deleted == 1
    assert list(FlowRun.objects.all()) == [new]
    assert Leftover.objects.get().run_id == old.pk


def test_keeps_every_run_for_ever_if_told_so(settings):
    settings.RUNS_RETENTION_DAYS = 0
    ended(10_000)

    assert delete_old_flow_runs() == 0


def test_keeps_what_has_not_ended():
    ended(91, StateType.RUNNING)

    assert delete_old_flow_runs() == 0


def test_keeps_a_subflow_as_long_as_its_parent():
    parent = make_flow_run(StateType.RUNNING)
    ended(91, parent_task_run=make_task_run(flow_run=parent))

    assert delete_old_flow_runs() == 0


def test_deletes_a_subflow_after_its_parent():
    parent = ended(91)
    ended(91, parent_task_run=make_task_run(StateType.COMPLETED, flow_run=parent, started=days_ago(91)))

    delete_what_is_old()

    assert not FlowRun.objects.exists()


def test_deletes_many_task_runs_of_a_run_in_batches(monkeypatch):
    monkeypatch.setattr(retention, "TASK_RUNS", 2)
    run = ended(91)
    for _ in range(5):
        make_task_run(StateType.COMPLETED, flow_run=run, started=days_ago(91))

    deleted = [delete_old_flow_runs() for _ in range(4)]

    assert deleted == [2, 2, 1, 0]
    assert not FlowRun.objects.exists()
    assert [leftover.run_id for leftover in Leftover.objects.all()] == [run.pk]


@pytest.mark.django_db(transaction=True)
def test_keeps_a_run_that_somebody_begins_anew_in_this_moment():
    deployment = make_deployment()
    run = ended(91, flow=deployment.flow, deployment=deployment)
    begun = Event()

    def begin_anew():
        try:
            with transaction.atomic():
                proposal = State(StateType.SCHEDULED)
                propose_state(kind=RunKind.FLOW_RUN, run_id=run.pk, proposal=proposal, force=True)
                begun.set()
                sleep(0.4)  # in which the deletion comes to the locked run
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        beginning = pool.submit(begin_anew)
        assert begun.wait(10)
        deleted = delete_old_flow_runs()
        beginning.result()

    assert deleted == 0
    assert FlowRun.objects.get().state_type == "SCHEDULED"


def test_leaves_nothing_of_a_run_when_it_is_interrupted_between_two_batches(monkeypatch):
    monkeypatch.setattr(retention, "TASK_RUNS", 2)
    run = ended(91)
    for _ in range(3):
        task = make_task_run(StateType.COMPLETED, flow_run=run, started=days_ago(91))
        make_logs(task, "line")

    delete_old_flow_runs()  # killed after this one; another process begins anew
    while delete_old_flow_runs():
        pass
    clear_leftovers()

    assert not TaskRun.objects.exists()
    assert not Log.objects.exists()


def test_deletes_old_task_runs_without_a_flow_run():
    for days in (91, 89):
        task = make_task_run(StateType.COMPLETED, started=days_ago(days))
        TaskRun.objects.filter(pk=task.pk).update(flow_run=None)
    of_a_run = make_task_run(StateType.COMPLETED, started=days_ago(91))

    deleted = delete_old_task_runs()

    assert deleted == 1
    assert TaskRun.objects.filter(pk=of_a_run.pk).exists()


def test_deletes_log_lines_by_a_time_of_their_own(settings):
    settings.LOGS_RETENTION_DAYS = 3
    run = make_flow_run()
    make_logs(run, "old", started=days_ago(4))
    make_logs(run, "new", started=days_ago(2))

    deleted = delete_old_log_lines()

    assert deleted == 1
    assert [line.message for line in Log.objects.all()] == ["new"]


def test_deletes_artifacts_of_no_run_but_never_the_latest_of_a_key():
    artifact_of(91)
    artifact_of(91, key="report")
    latest = artifact_of(91, key="report")
    kept_with_its_run = artifact_of(91, flow_run_id=make_flow_run().pk)

    deleted = delete_old_artifacts()

    assert deleted == 2
    assert {artifact.pk for artifact in Artifact.objects.all()} == {latest.pk, kept_with_its_run.pk}


def test_reports_what_went(caplog):
    caplog.set_level("INFO")
    ended(91)
    ended(92)

    count = tasks.retention()

    assert count == 2
    assert RetentionReport.objects.get().counts == {"flow_runs": 2}
    assert "2 flow runs" in caplog.text


def test_reports_nothing_when_nothing_went():
    tasks.retention()

    assert not RetentionReport.objects.exists()


def test_keeps_a_bounded_number_of_reports(monkeypatch):
    monkeypatch.setattr(retention, "REPORTS_KEPT", 2)
    for _ in range(4):
        ended(91)
        tasks.retention()

    assert RetentionReport.objects.count() == 2


def test_deletes_the_other_kinds_when_one_cannot_be_deleted(monkeypatch):
    def broken() -> int:
        raise DatabaseError("no")

    monkeypatch.setitem(retention.KINDS, "events", broken)
    ended(91)

    with pytest.raises(DatabaseError):
        delete_what_is_old()

    assert not FlowRun.objects.exists()


@pytest.mark.parametrize("kind", retention.KINDS)
def test_finds_what_is_old_by_an_index(kind):
    """Those that look a row up by its age, whatever the planner thinks of a table that is as good as empty."""
    with CaptureQueriesContext(
        connection,
    ) as asked:
        retention.KINDS[kind]()

    assert asked.captured_queries
    for query in asked.captured_queries:
        plan = plan_of(query["sql"])
        assert "Seq Scan" not in plan
        assert "SCAN" not in plan.replace("SCAN CONSTANT ROW", "")


def plan_of(sql: str) -> str:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {sql}")
        else:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        return "\n".join(str(row[-1]) for row in cursor.fetchall())
