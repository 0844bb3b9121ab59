"""Rows of many things in one query."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F

from orchestrator.statements.reading import PreparedRows
from runs.models import FlowRun
from tests.factories import make_flow, make_flow_run

pytestmark = pytest.mark.django_db


def newest_two(flow_id, at):
    runs = FlowRun.objects.filter(flow=flow_id, created__lte=at).order_by("-created")
    return FlowRun.objects.filter(pk__in=runs.values("pk")[:2]).values(
        "pk", "tags", "created", flow_name=F("flow__name")
    )


two_of_each = PreparedRows(newest_two, "flow_id", moments=["at"])


def test_reads_so_many_of_each_in_one_query(django_assert_num_queries):
    flows = [make_flow(name) for name in ("a", "b")]
    runs = [make_flow_run(flow=flow, tags=[flow.name]) for flow in flows for _ in range(3)]
    at = runs[-1].created + timedelta(seconds=1)

    with django_assert_num_queries(1):
        found = two_of_each.of_each([{"flow_id": flow.pk, "at": at} for flow in flows])

    expected = [row for flow in flows for row in newest_two(flow.pk, at)]
    assert sorted(found, key=lambda row: row["pk"]) == sorted(expected, key=lambda row: row["pk"])
    assert [row["flow_name"] for row in found] == ["a", "a", "b", "b"]


def test_goes_by_the_moment_that_is_given():
    run = make_flow_run()

    before, after = (
        two_of_each.of_each([{"flow_id": run.flow_id, "at": run.created + timedelta(seconds=by)}]) for by in (-1, 1)
    )

    assert before == []
    assert [row["pk"] for row in after] == [run.pk]


def test_asks_nothing_for_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert two_of_each.of_each([]) == []
