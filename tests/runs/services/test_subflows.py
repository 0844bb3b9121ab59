"""Which flow runs were begun by task runs of others."""

from __future__ import annotations

import pytest
from django.db import connection

from runs.models import FlowRun
from runs.services.subflows import is_subflow_of, subflows_of
from tests.factories import make_flow_run, make_task_run

pytestmark = pytest.mark.django_db


def make_subflow(parent):
    return make_flow_run(parent_task_run=make_task_run(flow_run=parent))


def test_finds_those_of_every_run_that_is_named():
    first, second, other = (make_flow_run() for _ in range(3))
    wanted = {make_subflow(first), make_subflow(first), make_subflow(second)}
    make_subflow(other)

    assert set(subflows_of([first.pk, second.pk])) == wanted
    assert not subflows_of([])


def test_leaves_out_what_is_no_subflow_of_theirs_and_can_be_turned_round():
    parent = make_flow_run()
    subflow = make_subflow(parent)

    assert set(FlowRun.objects.exclude(pk__in=subflows_of([parent.pk]))) == {parent}
    assert set(FlowRun.objects.filter(~is_subflow_of([]))) == {parent, subflow}


def test_reads_no_subflows_but_theirs():
    for _ in range(100):  # of a few, any way is as good as another
        make_subflow(make_flow_run())
    parent = make_subflow(make_flow_run())
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE runs_flowrun, runs_taskrun")
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")

    plan = subflows_of([parent.pk]).explain()

    if connection.vendor == "postgresql":
        assert "Index Cond: (parent_task_run_id = ANY" in plan
    else:
        assert "flow_run_parent (parent_task_run_id=?)" in plan
