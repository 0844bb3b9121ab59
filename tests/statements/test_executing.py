"""Statements that go past Django's cursors lose nothing of what those are for."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import SynchronousOnlyOperation
from django.db import IntegrityError, connection, transaction
from django.db.transaction import TransactionManagementError

from orchestrator.contract.times import now
from orchestrator.statements.executing import Statement, allow_preparing
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


@only_postgresql
def test_is_prepared_once_whatever_is_given() -> None:
    flow = Flow.objects.create(name="analysis")

    for started in (None, now()):
        insert_rows([FlowRun(flow=flow, created=now(), updated=now(), start_time=started)])

    assert len([text for text in prepared_statements() if text.startswith('INSERT INTO "runs_flowrun" ')]) == 1


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
