"""The threads that run services keep their connections to the database from one run to the next."""

from __future__ import annotations

import pytest
from celery.fixups.django import DjangoWorkerFixup
from celery.signals import task_prerun
from django.db import connection

from orchestrator.celery import app


@pytest.fixture
def task():
    return app.tasks["services.dispatcher"]


def run(task) -> None:
    """What Celery does around each of its tasks."""
    fixup = DjangoWorkerFixup(app)
    fixup.on_task_prerun(sender=task)
    task_prerun.send(sender=task, task=task)
    task.run()
    fixup.on_task_postrun(sender=task)


@pytest.mark.django_db(transaction=True)
def test_keeps_a_connection_for_the_next_run(task):
    run(task)
    before = connection.connection

    run(task)

    assert before is not None
    assert connection.connection is before


@pytest.mark.django_db(transaction=True)
def test_takes_another_connection_for_one_that_broke(task):
    if connection.vendor == "sqlite":
        pytest.skip("a file cannot go away as a server can")
    run(task)
    before = connection.connection
    before.close()

    run(task)

    assert connection.connection is not before
