"""The hot paths ask the database as little as they can, whatever the rows."""

from __future__ import annotations

import pytest

from tests.events.making import wire_event
from tests.factories import make_flow, make_flow_run, make_logs, make_task_run

pytestmark = pytest.mark.django_db


def test_creates_a_run_with_few_queries(api, django_assert_num_queries):
    body = {"flow_id": str(make_flow().pk), "state": {"type": "PENDING"}, "parameters": {"a": 1}}

    with django_assert_num_queries(7):  # the flow, the run, its state, its event with what is around, and a savepoint
        assert api.post("/flow_runs/", body).status_code == 201


def test_changes_a_state_with_few_queries(api, django_assert_num_queries):
    run = make_flow_run("PENDING")

    with django_assert_num_queries(7):  # and the savepoint around them, because a test is a transaction
        assert api.post(f"/flow_runs/{run.pk}/set_state", {"state": {"type": "RUNNING"}}).status_code == 201


def test_stores_lines_with_as_many_queries_however_many(api, django_assert_num_queries):
    run = make_flow_run()
    line = {"name": "x", "level": 20, "message": "m", "timestamp": "2026-11-20T12:00:00Z", "flow_run_id": str(run.pk)}

    for lines in (1, 200):
        with django_assert_num_queries(3):  # the lines, and a savepoint around them
            assert api.post("/logs/", [line] * lines).status_code == 201


@pytest.mark.parametrize("path", ["flows", "flow_runs", "task_runs", "logs"])
def test_lists_with_one_query_however_many_rows(api, django_assert_num_queries, path):
    for _ in range(5):
        make_logs(make_task_run(), "a line")

    with django_assert_num_queries(1):
        assert len(api.post(f"/{path}/filter", {}).json()) == 5


@pytest.mark.parametrize("path", ["flows", "flow_runs", "task_runs"])
def test_counts_with_one_query(api, django_assert_num_queries, path):
    make_task_run()

    with django_assert_num_queries(1):
        assert api.post(f"/{path}/count", {"flow_runs": {"tags": {"is_null_": True}}}).json() == 1


def test_counts_events_once_for_all_their_pages(api, django_assert_num_queries):
    api.post("/events", [wire_event() for _ in range(5)])

    with django_assert_num_queries(2):
        page = api.post("/events/filter", {"limit": 2}).json()
    with django_assert_num_queries(1):
        api.get(page["next_page"].partition("/api")[2])
