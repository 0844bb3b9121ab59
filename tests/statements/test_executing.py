"""Statements that go past Django's cursors lose nothing of what those are for."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import SynchronousOnlyOperation
from django.db import IntegrityError, connection, connections, transaction
from django.db.transaction import TransactionManagementError

from orchestrator.contract.times import now
from orchestrator.statements.executing import Statement, allow_preparing, rows_of, sent_together
from orchestrator.statements.reading import PreparedQuery
from orchestrator.statements.writing import insert_rows, insert_values
from runs.models import Flow, FlowRun, FlowRunTag
from tests.factories import make_flow_run

pytestmark = pytest.mark.django_db

only_postgresql = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="of PostgreSQL alone")


def two() -> Statement:
    return Statement(connection, "SELECT 2")


def prepared_statements() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        return [text for (text,) in cursor.fetchall()]


def test_answers_with_rows_and_understands_percent_signs() -> None:
    statement = Statement(connection, "SELECT 'a%%', name FROM runs_flow WHERE name LIKE 'b%%' AND name = %s")
    Flow.objects.create(name="b%s")

    assert statement.rows(["b%s"]) == [("a%", "b%s")]


def test_is_heard_by_those_who_count_queries(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        two().rows([])


def test_is_stopped_by_those_who_stop_queries() -> None:
    def refuse(*_: Any) -> None:
        raise RuntimeError("no queries here")

    with connection.execute_wrapper(refuse), pytest.raises(RuntimeError):
        two().rows([])


def test_refuses_a_broken_transaction() -> None:
    with transaction.atomic():
        transaction.set_rollback(True)

        with pytest.raises(TransactionManagementError):
            two().rows([])


def test_refuses_to_hold_up_an_event_loop() -> None:
    statement = two()

    async def ask() -> None:
        statement.rows([])

    with pytest.raises(SynchronousOnlyOperation):
        asyncio.run(ask())


def test_raises_the_errors_of_django() -> None:
    run = make_flow_run()

    with pytest.raises(IntegrityError), transaction.atomic():
        insert_rows([FlowRun(pk=run.pk, flow=run.flow)])

    assert two().rows([]) == [(2,)]


@pytest.mark.django_db(transaction=True)
def test_goes_on_with_another_connection() -> None:
    read = PreparedQuery(lambda flow_id: Flow.objects.filter(pk=flow_id, name="o'%s%"), "flow_id")
    flow = Flow.objects.create(name="o'%s%")
    before = read.first(flow_id=flow.pk)

    connection.close()

    assert before == flow
    assert read.first(flow_id=flow.pk) == flow
    assert read.first(flow_id=uuid4()) is None


def test_writes_one_row_as_it_writes_many() -> None:
    values = [
        {"name": 'ö "\\ \t{}', "tags": ["a"], "labels": {"big": 2**70, "none": None, "at": "2026"}},
        {"name": "NULL", "tags": [], "labels": {"small": -1, "float": 0.1}},
    ]
    rows = [Flow(created=now(), updated=now(), **each) for each in values]
    insert_rows(rows[:1])
    insert_rows(rows[1:])
    stored = list(Flow.objects.values_list("name", "tags", "labels").order_by("name"))
    Flow.objects.all().delete()

    insert_rows([Flow(created=now(), updated=now(), **each) for each in values])

    assert list(Flow.objects.values_list("name", "tags", "labels").order_by("name")) == stored


def test_passes_over_known_rows_among_many() -> None:
    run = make_flow_run(tags=["a"])
    FlowRunTag.objects.get_or_create(flow_run=run, tag="a")

    insert_values(FlowRunTag, ("flow_run", "tag"), [(run.pk, tag) for tag in ("a", "b", "c")], skip_known=True)

    assert sorted(FlowRunTag.objects.filter(flow_run=run).values_list("tag", flat=True)) == ["a", "b", "c"]


def test_answers_what_is_asked_with_parameters_of_django() -> None:
    run = make_flow_run()

    assert rows_of("SELECT '100 %%', count(*) FROM runs_flowrun WHERE id = %s", [_as_stored(run.pk)]) == [("100 %", 1)]


def test_is_heard_when_it_is_asked_once(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert rows_of("SELECT 2", ()) == [(2,)]


def _as_stored(key: UUID) -> Any:
    return key if connection.vendor == "postgresql" else key.hex


def test_stores_what_is_sent_together() -> None:
    with sent_together():
        insert_rows([Flow(name="a", created=now(), updated=now())])
        insert_rows([Flow(name="b", created=now(), updated=now())])
        assert two().rows([]) == [(2,)]
        insert_rows([Flow(name="c", created=now(), updated=now())])

    assert sorted(Flow.objects.values_list("name", flat=True)) == ["a", "b", "c"]


@pytest.mark.parametrize("asks", [True, False])
def test_raises_what_was_wrong_with_something_sent_together(asks: bool) -> None:
    run = make_flow_run()

    def send() -> None:
        with transaction.atomic(), sent_together():
            insert_rows([FlowRun(pk=run.pk, flow=run.flow)])
            insert_rows([Flow(name="after it", created=now(), updated=now())])
            if asks:
                two().rows([])

    with pytest.raises(IntegrityError, match="runs_flowrun"):
        send()

    assert two().rows([]) == [(2,)]
    assert not Flow.objects.filter(name="after it").exists()


def test_is_heard_when_it_is_sent_together(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1), sent_together():
        insert_rows([Flow(name="a", created=now(), updated=now())])


@only_postgresql
def test_waits_for_none_of_what_is_sent_together() -> None:
    connection.ensure_connection()
    with sent_together():
        assert _is_waited_for() is False
    assert _is_waited_for() is True


def _is_waited_for() -> bool:
    """Outside a pipeline the driver waits for each statement."""
    driver: Any = connections["default"].connection
    return driver.info.pipeline_status == 0


@only_postgresql
def test_is_prepared_once_whatever_is_given() -> None:
    flow = Flow.objects.create(name="analysis")
    insert_rows([FlowRun(flow=flow, created=now(), updated=now(), start_time=None)])
    once = prepared_statements()

    insert_rows([FlowRun(flow=flow, created=now(), updated=now(), start_time=now())])

    assert any(text.startswith('INSERT INTO "runs_flowrun" ') for text in once)
    assert sorted(prepared_statements()) == sorted(once)


@only_postgresql
def test_prepares_nothing_where_it_may_not() -> None:
    connection.ensure_connection()
    statement = Statement(connection, "SELECT 'not prepared'")
    allow_preparing(connection, False)
    try:
        statement.rows([])

        assert not [text for text in prepared_statements() if text == "SELECT 'not prepared'"]
    finally:
        allow_preparing(connection, True)


@only_postgresql
@pytest.mark.django_db(transaction=True)
def test_goes_on_after_a_migration_changed_what_it_answers_with() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE changing (number integer)")
    try:
        allow_preparing(connection, True)
        statement = Statement(connection, "SELECT * FROM changing")
        statement.rows([])
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE changing ADD COLUMN word text")
            cursor.execute("INSERT INTO changing VALUES (1, 'one')")

        assert statement.rows([]) == [(1, "one")]
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE changing")
