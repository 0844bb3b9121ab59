"""What is counted by state and time is counted in an index alone, however many runs there are."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection

from orchestrator.rest.search import count_body, narrow
from runs.api.filters import FLOW_RUNS, TASK_RUNS
from tests.factories import make_flow_run, make_task_run

pytestmark = pytest.mark.django_db

ROWS = 100
SINCE = {"after_": "2026-03-28T12:00:00Z", "before_": "2026-03-29T12:00:00Z"}
ON_THAT_DAY = datetime(2026, 3, 28, 18, tzinfo=UTC)
OF_DAY = {"state": {"type": {"any_": ["COMPLETED"]}}, "start_time": SINCE}


@pytest.mark.parametrize(
    ("entity", "index"), [(FLOW_RUNS, "flow_run_state_times"), (TASK_RUNS, "task_run_state_times")]
)
def test_counts_runs_of_a_state_and_a_span_by_the_index_alone(entity, index):
    for _ in range(ROWS):  # of a few, or of none in that span, any index is as good as another
        make_task_run("FAILED", flow_run=make_flow_run("FAILED", started=ON_THAT_DAY), started=ON_THAT_DAY)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:  # of so many it would rather read the table
            cursor.execute("ANALYZE runs_flowrun, runs_taskrun")
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")

    plan = narrow(entity, count_body(entity)(**{entity.key: OF_DAY})).values("state_type").explain()

    alone = "Index Only Scan using" if connection.vendor == "postgresql" else "USING COVERING INDEX"
    assert f"{alone} {index}" in plan


def test_finds_task_runs_by_when_they_began_and_not_by_when_they_were_to(api):
    began = {"start_time": "2026-03-29T06:00:00Z", "expected_start_time": "2026-03-20T06:00:00Z"}
    waits = {"start_time": None, "expected_start_time": "2026-03-29T06:00:00Z"}
    run = make_flow_run()
    wanted = make_task_run("COMPLETED", flow_run=run, **began)
    make_task_run("COMPLETED", flow_run=run, **waits)

    found = api.post("/task_runs/filter", {"task_runs": OF_DAY}).json()

    assert [each["id"] for each in found] == [str(wanted.pk)]
