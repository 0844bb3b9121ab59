from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator.contract.states import StateType
from orchestrator.contract.times import now
from runs.models import FlowRun, Leftover
from runs.services.retention import delete_old_runs
from tests.factories import make_flow_run, make_task_run

pytestmark = pytest.mark.django_db


def ended(days_ago: float, state=StateType.COMPLETED, **columns):
    return make_flow_run(state, started=now() - timedelta(days=days_ago), seconds=1, **columns)


def test_keeps_every_run_unless_a_time_is_set():
    ended(10_000)

    assert delete_old_runs() == 0
    assert FlowRun.objects.count() == 1


def test_deletes_the_runs_that_ended_before(settings):
    settings.RUNS_RETENTION_DAYS = 30
    old, new = ended(31), ended(29)

    deleted = delete_old_runs()

    assert deleted == 1
    assert list(FlowRun.objects.all()) == [new]
    assert Leftover.objects.get().run_id == old.pk


def test_keeps_what_has_not_ended(settings):
    settings.RUNS_RETENTION_DAYS = 30
    ended(31, StateType.RUNNING)

    assert delete_old_runs() == 0


def test_keeps_a_subflow_as_long_as_its_parent(settings):
    settings.RUNS_RETENTION_DAYS = 30
    parent = make_flow_run(StateType.RUNNING)
    ended(31, parent_task_run=make_task_run(flow_run=parent))

    assert delete_old_runs() == 0
