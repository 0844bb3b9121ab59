from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.events import retention
from orchestrator.events.ingest import ingest
from orchestrator.events.models import Event, RelatedResource
from orchestrator.events.retention import delete_old_events, delete_old_heartbeats
from tests.events.making import an_event, related

pytestmark = pytest.mark.django_db


def happened(days_ago: float, name: str = "shop.opened") -> Event:
    at = datetime.now(UTC) - timedelta(days=days_ago)
    event = an_event(name, occurred=at.isoformat(), related=[related("town.1", "town")])
    ingest([event])
    return event


def names() -> list[str]:
    return sorted(Event.objects.values_list("event", flat=True))


def test_deletes_what_is_older_than_a_week_with_its_related_resources():
    happened(7.1, "old")
    new = happened(6.9, "new")

    deleted = delete_old_events()

    assert deleted == 1
    assert names() == ["new"]
    assert [row.event_id for row in RelatedResource.objects.all()] == [new.sequence]


def test_keeps_heartbeats_for_a_time_of_their_own(settings):
    settings.HEARTBEATS_RETENTION_DAYS = 1
    happened(1.1, "prefect.flow-run.heartbeat")
    happened(0.9, "prefect.flow-run.heartbeat")
    happened(1.1, "prefect.flow-run.Completed")

    deleted = delete_old_heartbeats()

    assert deleted == 1
    assert names() == ["prefect.flow-run.Completed", "prefect.flow-run.heartbeat"]


def test_deletes_a_bounded_number_at_a_time(monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    for _ in range(5):
        happened(8)

    assert [delete_old_events() for _ in range(4)] == [2, 2, 1, 0]


def test_asks_once_when_nothing_is_old(django_assert_num_queries):
    happened(1)

    with django_assert_num_queries(1):
        delete_old_events()
