"""Take in events that clients report, once each."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from orchestrator.events.emit import insert_related
from orchestrator.events.models import Event
from orchestrator.events.registry import announce_commit, recorders
from orchestrator.statements.known import known_identifiers
from orchestrator.statements.writing import insert_rows


def ingest(events: Sequence[Event]) -> int:
    """Store the events that are not stored yet, let the recorders write what follows, and return how many were new.

    One transaction: after a failure nothing of the batch is kept, and the same batch may be sent again.
    """
    by_id = {event.id: event for event in events}
    with transaction.atomic():
        known = known_identifiers(Event, "id", by_id)
        new = [event for event in by_id.values() if event.id not in known]
        if new:
            for event in new:
                event.sequence = None  # an earlier try may have failed after the database had given numbers
            # When another process stores the same event in this moment, this fails, and all of it is tried again.
            insert_rows(new)
            insert_related(new)
        for record in recorders():
            record(list(by_id.values()))
        transaction.on_commit(announce_commit)
    return len(new)
