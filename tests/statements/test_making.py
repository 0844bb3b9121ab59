"""Objects that are made for bulk are those that the model's constructor makes."""

from __future__ import annotations

import pytest

from orchestrator.contract.ids import uuid7
from orchestrator.contract.times import now
from orchestrator.events.models import Event
from orchestrator.statements.known import known_identifiers
from orchestrator.statements.making import made
from orchestrator.statements.writing import insert_rows

pytestmark = pytest.mark.django_db


def columns():
    at = now()
    return {
        "sequence": None,
        "id": uuid7(),
        "occurred": at,
        "received": at,
        "event": "shop.opened",
        "resource_id": "shop.1",
        "resource": {"prefect.resource.id": "shop.1"},
        "related": [],
        "payload": {"n": 1},
        "follows": None,
    }


def test_makes_what_the_constructor_makes():
    given = columns()

    row = made(Event, **given)

    assert {name: value for name, value in vars(row).items() if name != "_state"} == {
        name: value for name, value in vars(Event(**given)).items() if name != "_state"
    }
    assert row._state.adding
    row.save()
    assert Event.objects.get().payload == {"n": 1}


def test_finds_what_is_known_among_many():
    rows = [made(Event, **columns()) for _ in range(3)]
    insert_rows(rows)
    strangers = [uuid7() for _ in range(1_500)]

    assert known_identifiers(Event, "id", [*strangers, *(row.id for row in rows)]) == {row.id for row in rows}
    assert known_identifiers(Event, "id", []) == set()
