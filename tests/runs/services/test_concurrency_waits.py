"""Who waits for slots of limits that anybody may ask for."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orchestrator.contract.times import now
from runs.errors import SlotsNotFree
from runs.models import ConcurrencyLimit, SlotWait
from runs.services.concurrency_slots import lease_slots, take_slots
from runs.services.concurrency_waits import forget_those_over, waiters_for, waiting_counts
from tests.factories import make_flow_run, make_task_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def limit():
    return ConcurrencyLimit.objects.create(name="warehouse", limit=1)


def ask(*names, holder, kind="flow_run"):
    """Whether it has the slots."""
    try:
        lease_slots(names=names, slots=1, seconds=60, holder_type=kind, holder_id=holder)
    except SlotsNotFree:
        return False
    return True


def names_of(limit):
    return [waiter.run.name if waiter.run else None for waiter in waiters_for(limit, 10, now())]


def test_remembers_who_was_refused_and_since_when(limit):
    run, task = make_flow_run(), make_task_run()
    ask("warehouse", holder=uuid4())

    ask("warehouse", holder=run.pk)
    ask("warehouse", holder=task.pk, kind="task_run")
    first = SlotWait.objects.get(holder_id=run.pk)
    ask("warehouse", holder=run.pk)

    assert names_of(limit) == [run.name, task.name]
    assert waiting_counts([limit], now()) == {limit.pk: 2}
    again = SlotWait.objects.get(holder_id=run.pk)
    assert (again.pk, again.since) == (first.pk, first.since)
    assert again.asked_at > first.asked_at
    assert again.asked_at < again.again_at < again.until


def test_remembers_them_for_what_is_full_alone(limit):
    free = ConcurrencyLimit.objects.create(name="free", limit=5)
    ask("warehouse", holder=uuid4())

    ask("warehouse", "free", holder=uuid4())

    assert waiting_counts([limit, free], now()) == {limit.pk: 1}


def test_forgets_who_has_the_slots_now(limit):
    run = make_flow_run()
    ask("warehouse", holder=uuid4())
    ask("warehouse", holder=run.pk)
    ConcurrencyLimit.objects.update(limit=2)

    assert ask("warehouse", holder=run.pk)

    assert names_of(limit) == []


def test_forgets_who_does_not_come_back(limit):
    ask("warehouse", holder=uuid4())
    gone, there = uuid4(), uuid4()
    for holder in (gone, there):
        ask("warehouse", holder=holder)
    SlotWait.objects.filter(holder_id=gone).update(until=now() - timedelta(seconds=1))

    assert [waiter.wait.holder_id for waiter in waiters_for(limit, 10, now())] == [there]
    assert forget_those_over() == 1
    assert SlotWait.objects.get().holder_id == there


def test_counts_anew_from_when_it_comes_back_later(limit):
    holder, earlier = uuid4(), now() - timedelta(hours=1)
    ask("warehouse", holder=uuid4())
    ask("warehouse", holder=holder)
    SlotWait.objects.update(since=earlier, until=earlier)

    ask("warehouse", holder=holder)

    assert SlotWait.objects.get().since > earlier


def test_does_not_know_who_does_not_say_who_they_are(limit):
    take_slots(names=["warehouse"], slots=1)

    with pytest.raises(SlotsNotFree):
        take_slots(names=["warehouse"], slots=1)

    assert not SlotWait.objects.exists()


def test_asks_nothing_more_of_the_database_where_nobody_is_refused(limit):
    with CaptureQueriesContext(
        connection,
    ) as asked:
        ask("warehouse", holder=uuid4())

    assert not [query for query in asked.captured_queries if SlotWait._meta.db_table in query["sql"]]


def test_counts_a_task_run_once_that_is_about_to_begin_and_asks():
    limit = ConcurrencyLimit.objects.create(name="tag:db", limit=1)
    task = make_task_run("PENDING", tags=["db"])
    ask("tag:db", holder=uuid4())

    ask("tag:db", holder=task.pk, kind="task_run")

    assert waiting_counts([limit], now()) == {limit.pk: 1}
