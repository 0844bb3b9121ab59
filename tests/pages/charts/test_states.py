from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.pages.charts.states import buckets_by_state
from runs.models import FlowRun
from tests.factories import make_flow_run

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_counts_rows_in_the_step_of_their_moment(django_assert_num_queries):
    for minutes, state in [(1, "COMPLETED"), (16, "FAILED"), (29, "FAILED")]:
        run = make_flow_run(state=state)
        FlowRun.objects.filter(id=run.id).update(start_time=NOON + timedelta(minutes=minutes))

    with django_assert_num_queries(1):
        buckets = buckets_by_state(
            FlowRun.objects.all(), "start_time", NOON, NOON + timedelta(minutes=45), step=timedelta(minutes=15)
        )

    assert [dict(bucket.counts) for bucket in buckets] == [{"completed": 1}, {"failed": 2}, {}]
    assert buckets[0].start == NOON


def test_links_each_step_to_its_rows():
    buckets = buckets_by_state(
        FlowRun.objects.all(),
        "start_time",
        NOON,
        NOON + timedelta(minutes=30),
        step=timedelta(minutes=15),
        url_of=lambda start, end: f"?from={start:%H%M}&to={end:%H%M}",
    )

    assert [bucket.url for bucket in buckets] == ["?from=1200&to=1215", "?from=1215&to=1230"]
