"""Groups of rows are counted, of no more rows than were asked for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import Case, Value, When

from orchestrator.contract.times import now
from orchestrator.statements.counting import count_groups
from runs.models import FlowRun, TaskRun
from tests.factories import make_flow, make_flow_run, make_task_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def runs():
    flow = make_flow()
    for age, state in enumerate(["FAILED", "COMPLETED", "COMPLETED", "FAILED"]):
        make_flow_run(state, flow=flow, started=now() - timedelta(hours=age + 1))
    return FlowRun.objects.newest_first()


def test_counts_groups(runs):
    assert sorted(count_groups(runs.values_list("state_type", "state_name"))) == [
        ("COMPLETED", "Completed", 2),
        ("FAILED", "Failed", 2),
    ]


def test_counts_the_first_rows_alone(runs):
    assert sorted(count_groups(runs.values_list("state_type")[:3])) == [("COMPLETED", 2), ("FAILED", 1)]


def test_counts_several_parts_in_one_query(runs, django_assert_num_queries):
    make_task_run("RUNNING", flow_run=runs[0])
    is_failed = Case(When(state_type="FAILED", then=Value(1)), default=Value(0))
    parts = [
        runs.annotate(part=Value(1), failed=is_failed).values_list("part", "failed")[:2],
        TaskRun.objects.annotate(part=Value(2), failed=is_failed).values_list("part", "failed"),
    ]

    with django_assert_num_queries(1):
        found = count_groups(*parts)

    assert sorted(found) == [(1, 0, 1), (1, 1, 1), (2, 0, 1)]


def test_passes_over_parts_that_no_row_fits(runs, django_assert_num_queries):
    nothing = runs.filter(pk__in=[]).values_list("state_type")

    assert len(count_groups(nothing, runs.values_list("state_type"))) == 2
    with django_assert_num_queries(0):
        assert count_groups(nothing) == []
