from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import EmptyResultSet
from django.db import connection

from deployments.api.filters import DEPLOYMENTS
from orchestrator.contract.times import format_time
from orchestrator.rest import asked_rows
from orchestrator.rest.asked_rows import AskedRows, row_of
from orchestrator.rest.search import narrow, narrow_sorted, search_body
from runs.api.artifact_filters import ARTIFACTS, COLLECTIONS
from runs.api.filters import FLOW_RUNS, FLOWS, LOGS, TASK_RUNS
from tests.factories import make_flow_run

NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch):
    monkeypatch.setattr(asked_rows, "_templates", {})


def of_all(rows):
    return rows.values_list("id", "created")


def asked(entity, make=narrow, **body):
    return AskedRows(entity, search_body(entity)(**body), make)


def composed(entity, **body):
    try:
        sql, params = of_all(narrow_sorted(entity, search_body(entity)(**body))).query.sql_with_params()
    except EmptyResultSet:
        return None
    return sql, tuple(params)


def ids(count):
    return [str(uuid4()) for _ in range(count)]


def text():
    return f"text {uuid4()}"


def moment():
    return format_time(NOON + timedelta(seconds=uuid4().int % 100_000, microseconds=uuid4().int % 1_000_000))


# The body of each is made twice, with other values.
SEARCHES = [
    (FLOW_RUNS, dict),
    (FLOW_RUNS, lambda: {"flow_runs": {"id": {"any_": ids(3)}}}),
    (FLOW_RUNS, lambda: {"flow_runs": {"id": {"not_any_": ids(2)}, "deployment_id": {"is_null_": True}}}),
    # No value, so no row.
    (FLOW_RUNS, lambda: {"flow_runs": {"id": {"any_": []}}}),
    # One value twice, which the database is asked for once.
    (FLOW_RUNS, lambda: {"flow_runs": {"name": {"any_": [text()] * 2}}}),
    # The empty text is a value like any other.
    (FLOW_RUNS, lambda: {"flow_runs": {"name": {"any_": ["", text()]}}}),
    # A part of a text is not carried as it is.
    (FLOW_RUNS, lambda: {"flow_runs": {"name": {"like_": "100%" + text()}}}),
    (FLOW_RUNS, lambda: {"flow_runs": {"name": {"like_": text()}, "id": {"any_": ids(1)}}}),
    (FLOW_RUNS, lambda: {"flow_runs": {"tags": {"all_": [text(), text()], "any_": [text()]}}}),
    (FLOW_RUNS, lambda: {"flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}, "name": {"any_": [text()]}}}}),
    (FLOW_RUNS, lambda: {"flow_runs": {"operator": "or_", "id": {"any_": ids(1)}, "name": {"any_": [text()]}}}),
    (FLOW_RUNS, lambda: {"flow_runs": {"start_time": {"after_": moment(), "before_": moment()}}}),
    (FLOW_RUNS, lambda: {"flow_runs": {"end_time": {"after_": "2026-03-29T14:00:00+02:00"}}}),
    (FLOW_RUNS, lambda: {"flow_runs": {"parent_flow_run_id": {"any_": ids(1)}}}),
    (FLOW_RUNS, lambda: {"flow_runs": {"created_by": {"id_": ids(1), "type_": [text()]}}}),
    (FLOW_RUNS, lambda: {"flows": {"name": {"any_": [text()]}}, "task_runs": {"start_time": {"after_": moment()}}}),
    (FLOW_RUNS, lambda: {"deployments": {"name": {"any_": [text()]}, "tags": {"all_": [text()]}}}),
    (FLOW_RUNS, lambda: {"work_pools": {"name": {"any_": [text()]}}, "work_pool_queues": {"id": {"any_": ids(1)}}}),
    *[
        (FLOW_RUNS, lambda sort=sort: {"sort": sort, "flow_runs": {"id": {"any_": ids(1)}}})
        for sort in FLOW_RUNS.orders
    ],
    (TASK_RUNS, lambda: {"task_runs": {"flow_run_id": {"any_": ids(2)}, "start_time": {"after_": moment()}}}),
    (TASK_RUNS, lambda: {"task_runs": {"subflow_runs": {"exists_": True}, "tags": {"all_": [text()]}}}),
    (
        LOGS,
        lambda: {"logs": {"flow_run_id": {"any_": ids(1)}, "level": {"ge_": 20}, "timestamp": {"after_": moment()}}},
    ),
    (LOGS, lambda: {"logs": {"task_run_id": {"any_": ids(1)}, "text": {"query": "red -blue"}}}),
    (FLOWS, lambda: {"flows": {"tags": {"all_": [text()]}, "deployment": {"is_null_": True}}}),
    (ARTIFACTS, lambda: {"artifacts": {"key": {"any_": [text()]}, "type": {"not_any_": [text()]}}}),
    (COLLECTIONS, lambda: {"artifacts": {"latest_id": {"any_": ids(1)}, "type": {"not_any_": []}}}),
    (DEPLOYMENTS, lambda: {"deployments": {"flow_or_deployment_name": {"like_": text()}}}),
    (DEPLOYMENTS, lambda: {"deployments": {"concurrency_limit": {"ge_": 3}, "paused": {"eq_": False}}}),
]


@pytest.mark.parametrize(("entity", "make"), SEARCHES)
def test_asks_what_the_queryset_would_ask(entity, make):
    for body in (make(), make()):
        rows = asked(entity, narrow_sorted, **body)

        # JSON on its way to PostgreSQL is equal to nothing, and is compared as it is written.
        assert repr(rows.statement("all", of_all)) == repr(composed(entity, **body))
        assert rows.count() == narrow(entity, rows.body).count()


def test_composes_a_form_once():
    made = []

    def make(entity, body):
        made.append(body)
        return narrow(entity, body)

    for _ in range(3):
        filter = {"name": {"any_": [text()]}, "id": {"any_": ids(1)}, "end_time": {"after_": moment()}}
        asked(FLOW_RUNS, make, flow_runs=filter).statement("all", of_all)

        assert len(made) == 2  # of values that nobody sends, to see where they stand


def test_tells_forms_apart():
    make_flow_run("COMPLETED", name="a")
    filters = [
        {"name": {"any_": ["a"]}},
        {"name": {"any_": ["a", "b"]}},
        {"idempotency_key": {"any_": ["a"]}},
        {"state": {"type": {"any_": ["COMPLETED"]}}},
        {"state": {"type": {"any_": ["FAILED"]}}},
        {"state": {"name": {"any_": ["Failed"]}}},
        {"deployment_id": {"is_null_": True}},
        {"deployment_id": {"is_null_": False}},
    ]

    counts = [asked(FLOW_RUNS, flow_runs=filter).count() for filter in filters]

    assert counts == [1, 1, 0, 1, 0, 0, 1, 0]


def test_composes_anew_what_was_made_of_a_value():
    def make(entity, body):
        (name,) = body.flow_runs.name.any_
        return FLOW_RUNS.model.objects.filter(name__in=[name, name.upper()])

    for name in ("a", "b"):
        _, params = asked(FLOW_RUNS, make, flow_runs={"name": {"any_": [name]}}).statement("all", of_all)
        assert params == (name, name.upper())


def test_composes_anew_what_names_very_many(monkeypatch):
    monkeypatch.setattr(asked_rows, "MOST_VALUES", 2)
    runs = [make_flow_run() for _ in range(3)]
    body = {"flow_runs": {"id": {"any_": [str(run.pk) for run in runs]}}}

    assert [asked(FLOW_RUNS, **body).count() for _ in range(2)] == [3, 3]


def test_remembers_no_more_than_so_many_forms(monkeypatch):
    monkeypatch.setattr(asked_rows, "MOST_FORMS", 3)

    for number in range(1, 10):
        asked(FLOW_RUNS, flow_runs={"id": {"any_": ids(number)}}).count()

        assert len(asked_rows._templates) <= 3


def test_reads_a_part():
    rows = asked(FLOW_RUNS)

    whole, params = rows.statement("all", of_all)

    assert rows[5:25].statement("all", of_all) == (f"{whole} LIMIT 20 OFFSET 5", params)


def test_asks_nothing_where_nothing_fits(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert asked(FLOW_RUNS).none().statement("all", of_all) is None
        assert asked(FLOW_RUNS)[7:7].statement("all", of_all) is None
        assert asked(FLOW_RUNS, flow_runs={"id": {"any_": []}}).count() == 0


def test_looks_for_no_more_rows_than_it_is_asked_about(django_assert_num_queries):
    for _ in range(3):
        make_flow_run()

    with django_assert_num_queries(3) as sent:
        assert [asked(FLOW_RUNS).has(number) for number in (2, 3, 4)] == [True, True, False]
        assert asked(FLOW_RUNS, flow_runs={"id": {"any_": []}}).has(1) is False

    assert [query["sql"].partition("LIMIT ")[2][0] for query in sent.captured_queries] == ["2", "3", "4"]


def test_finds_the_row_of_an_identifier():
    runs = [make_flow_run() for _ in range(2)]

    for run in runs:
        with connection.cursor() as cursor:
            cursor.execute(*row_of(FLOW_RUNS, run.pk).statement("id", lambda rows: rows.values_list("id")))
            found = cursor.fetchall()
        assert [UUID(str(one)) for (one,) in found] == [run.pk]


def test_keeps_nothing_of_bodies_with_long_lists():
    rows = asked(FLOW_RUNS, flow_runs={"id": {"any_": ids(asked_rows.MOST_VALUES + 1)}})

    assert rows.count() == 0
    assert asked_rows._templates == {}
