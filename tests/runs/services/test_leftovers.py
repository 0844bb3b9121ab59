from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator.contract.times import now
from runs.models import Artifact, Leftover, Log
from runs.services import leftovers
from runs.services.artifacts import create_artifact
from runs.services.leftovers import clear_leftovers, has_leftovers
from tests.factories import make_flow, make_flow_run, make_logs, make_task_run

pytestmark = pytest.mark.django_db


def test_deletes_the_lines_and_artifacts_of_a_deleted_run(api):
    run, other = make_flow_run(), make_flow_run()
    make_logs(run, "one", "two")
    make_logs(other, "stays")
    create_artifact(columns={"key": "report", "data": 1, "flow_run_id": run.pk})

    answer = api.delete(f"/flow_runs/{run.pk}")
    clear_leftovers()

    assert answer.status_code == 204
    assert [log.message for log in Log.objects.all()] == ["stays"]
    assert not Artifact.objects.exists()


def test_knows_whether_something_is_left():
    run = make_flow_run()
    before = has_leftovers()
    run.delete()
    left = has_leftovers()
    clear_leftovers()

    assert (before, left, has_leftovers()) == (False, True, False)


def test_falls_back_to_the_artifact_of_another_run(api):
    first, second = make_flow_run(), make_flow_run()
    for run in (first, second):
        create_artifact(columns={"key": "report", "data": str(run.pk), "flow_run_id": run.pk})

    second.delete()
    clear_leftovers()

    assert api.get("/artifacts/report/latest").json()["data"] == str(first.pk)


def test_keeps_nobody_waiting_for_the_lines(django_assert_max_num_queries, api):
    run = make_flow_run()
    make_logs(run, *["line"] * 50)

    with django_assert_max_num_queries(20) as asked:
        api.delete(f"/flow_runs/{run.pk}")

    assert not any("runs_log" in query["sql"] for query in asked.captured_queries)


def test_notes_every_run_of_a_deleted_flow(api):
    flow = make_flow()
    runs = [make_flow_run(flow=flow) for _ in range(3)]
    for run in runs:
        make_logs(make_task_run(flow_run=run), "line")

    api.delete(f"/flows/{flow.pk}")

    assert set(Leftover.objects.values_list("run_id", flat=True)) == {run.pk for run in runs}


def test_notes_every_run_of_a_deletion_in_bulk(api):
    run = make_flow_run()

    api.post("/flow_runs/bulk_delete", {"flow_runs": {"id": {"any_": [str(run.pk)]}}})

    assert Leftover.objects.get().run_id == run.pk


def test_deletes_the_lines_of_a_deleted_task_run(api):
    task_run = make_task_run()
    make_logs(task_run, "of the task")
    make_logs(task_run.flow_run, "of the flow")

    api.delete(f"/task_runs/{task_run.pk}")
    clear_leftovers()

    assert [log.message for log in Log.objects.all()] == ["of the flow"]


def test_deletes_a_bounded_number_of_lines_at_a_time(monkeypatch):
    monkeypatch.setattr(leftovers, "LINES", 2)
    run = make_flow_run()
    make_logs(run, *["line"] * 5)
    run.delete()

    left = []
    for _ in range(3):
        clear_leftovers()
        left.append(Log.objects.count())

    assert left == [3, 1, 0]


def test_looks_a_second_time_for_what_came_after_the_deletion():
    run = make_flow_run()
    late = make_logs(run, "late")[0]
    Log.objects.all().delete()
    run.delete()
    clear_leftovers()
    late.save(force_insert=True)

    too_early = clear_leftovers()
    Leftover.objects.update(deleted_at=now() - timedelta(hours=1), due_at=now() - timedelta(minutes=50))
    clear_leftovers()

    assert too_early == 0
    assert not Log.objects.exists()
    assert not Leftover.objects.exists()


def test_asks_once_when_nothing_is_due(django_assert_num_queries):
    Leftover.objects.create(kind="flow-run", run_id=make_flow_run().pk, deleted_at=now(), due_at=now() + timedelta(1))

    with django_assert_num_queries(1):
        assert clear_leftovers() == 0
