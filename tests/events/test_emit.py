"""Events that this server emits: written with what happened, told of after the commit."""

from __future__ import annotations

import pytest
from django.db import transaction

from orchestrator.contract.events import resource
from orchestrator.contract.ids import uuid7
from orchestrator.events import registry
from orchestrator.events.emit import emit, emit_all, event_of
from orchestrator.events.models import Event, RelatedResource

pytestmark = pytest.mark.django_db


def about(what="prefect.kettle.boiled"):
    related = [resource("flow", uuid7(), name="tea", role="flow")]
    return event_of(event=what, resource=resource("kettle", uuid7()), related=related)


@pytest.fixture
def told(monkeypatch):
    names = []
    hints = {"prefect.kettle.": (lambda event: names.append(event.event),)}
    monkeypatch.setattr(registry, "_hints_by_beginning", hints)
    monkeypatch.setattr(registry, "_commit_listeners", [lambda: names.append("commit")])
    return names


def test_writes_many_in_their_order_with_what_they_are_about():
    events = [about(f"prefect.kettle.{number}") for number in range(5)]

    emit_all(events)

    assert list(Event.objects.order_by("sequence").values_list("id", flat=True)) == [event.id for event in events]
    of_each = RelatedResource.objects.order_by("event").values_list("event", "resource_id")
    assert list(of_each) == [(event.sequence, event.related[0]["prefect.resource.id"]) for event in events]


def test_asks_as_much_for_many_as_for_one(django_assert_num_queries):
    for count in (1, 7):
        with django_assert_num_queries(2):
            emit_all([about() for _ in range(count)])


def test_writes_nothing_for_no_event(django_assert_num_queries, told, django_capture_on_commit_callbacks):
    with django_assert_num_queries(0), django_capture_on_commit_callbacks(execute=True):
        emit_all([])

    assert told == []


def test_tells_of_each_once_all_are_committed(told, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        emit_all([about("prefect.kettle.filled"), about("prefect.tap.closed"), about()])
        assert told == []

    assert told == ["commit", "prefect.kettle.filled", "prefect.kettle.boiled"]


def test_tells_of_the_others_when_a_subscriber_fails(told, monkeypatch, django_capture_on_commit_callbacks):
    def fail(event):
        raise RuntimeError

    monkeypatch.setattr(registry, "_hints", {"prefect.kettle.filled": [fail]})

    with django_capture_on_commit_callbacks(execute=True):
        emit_all([about("prefect.kettle.filled"), about()])

    assert told == ["commit", "prefect.kettle.boiled"]


@pytest.mark.django_db(transaction=True)
def test_tells_of_nothing_that_was_rolled_back(told):
    with transaction.atomic():
        emit(event="prefect.kettle.boiled", resource=resource("kettle", uuid7()))
        transaction.set_rollback(True)

    assert (told, Event.objects.count()) == ([], 0)
