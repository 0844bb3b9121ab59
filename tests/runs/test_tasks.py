"""The services of this app as beat starts them."""

from __future__ import annotations

import pytest
from django_celery_beat.models import PeriodicTask

from orchestrator.celery import app
from runs import tasks
from runs.services import leftovers
from tests.factories import make_flow_run, make_logs

pytestmark = pytest.mark.django_db


def test_has_a_task_for_every_row_of_beat():
    app.loader.import_default_modules()

    wanted = set(PeriodicTask.objects.exclude(task__startswith="celery.").values_list("task", flat=True))

    assert wanted <= set(app.tasks)
    assert {"runs.tasks.mark_late_runs", "orchestrator.events.tasks.delete_old_events"} <= wanted


@pytest.mark.parametrize(
    "task",
    [
        tasks.mark_late_runs,
        tasks.expire_pauses,
        tasks.finish_cancellations,
        tasks.clear_leftovers,
        tasks.delete_old_runs,
    ],
)
def test_does_nothing_when_nothing_is_due(task):
    make_logs(make_flow_run(), "line")

    assert task() == 0


def test_works_until_nothing_is_left(monkeypatch):
    monkeypatch.setattr(leftovers, "LINES", 10)
    run = make_flow_run()
    make_logs(run, *["line"] * 35)
    run.delete()

    tasks.clear_leftovers()

    assert leftovers.clear_leftovers() == 0
