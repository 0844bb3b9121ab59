"""The log is shown to the triggers while others write it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event as Flag
from time import sleep

import pytest
from django.db import connection, transaction

from automations.models import Firing
from automations.services import evaluation
from automations.services.automations import create_automation
from orchestrator.events.emit import emit

pytestmark = pytest.mark.django_db(transaction=True)

GO = {
    "type": "event",
    "posture": "Reactive",
    "match": {},
    "match_related": {},
    "after": [],
    "expect": ["go"],
    "for_each": [],
    "threshold": 1,
    "within": 0,
    "id": "0190a000-0000-7000-8000-000000000001",
}


def test_misses_no_event_that_is_committed_long_after_a_later_one(monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("On SQLite one writes at a time.")
    monkeypatch.setattr(evaluation, "GAP_PATIENCE", timedelta(seconds=0.1))
    emit(event="first", resource={"prefect.resource.id": "thing.1"})
    create_automation(columns={"name": "one", "trigger": GO, "actions": [{"type": "do-nothing"}]})
    while evaluation.evaluate_events():
        pass
    written, commit = Flag(), Flag()

    def write_slowly():
        try:
            with transaction.atomic():
                emit(event="go", resource={"prefect.resource.id": "thing.1"})
                written.set()
                assert commit.wait(10)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write_slowly)
        assert written.wait(10)
        emit(event="later", resource={"prefect.resource.id": "thing.1"})
        sleep(0.3)
        shown_before = evaluation.evaluate_events()
        commit.set()
        writing.result()
    while evaluation.evaluate_events():
        pass

    assert shown_before == 0
    assert [firing.event["event"] for firing in Firing.objects.all()] == ["go"]
