"""Say that something happened, in the transaction in which it happens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from orchestrator.contract.ids import uuid7
from orchestrator.contract.times import now
from orchestrator.events.models import Event, RelatedResource
from orchestrator.events.registry import announce_commit, hint_subscribers
from orchestrator.statements.making import made
from orchestrator.statements.writing import insert_rows, insert_values


def emit(
    *,
    event: str,
    resource: dict[str, str],
    related: Sequence[dict[str, str]] = (),
    payload: dict[str, Any] | None = None,
    occurred: datetime | None = None,
    id: UUID | None = None,
    follows: UUID | None = None,
) -> Event:
    """Write the event; after the commit tell the hint subscribers of this process.

    `resource` and each of `related` are flat label maps with `prefect.resource.id`; related ones also need
    `prefect.resource.role`. `occurred` defaults to now.
    """
    at = now()
    row = made(
        Event,
        sequence=None,
        id=id or uuid7(),
        occurred=occurred or at,
        received=at,
        event=event,
        resource_id=resource["prefect.resource.id"],
        resource=resource,
        related=list(related),
        payload=payload or {},
        follows=follows,
    )
    insert_rows([row])
    insert_related([row])
    subscribers = hint_subscribers(event)

    def tell() -> None:
        announce_commit()
        for subscriber in subscribers:
            subscriber(row)

    # A subscriber that fails is logged; what happened has happened all the same.
    transaction.on_commit(tell, robust=True)
    return row


def emit_again(event: Event) -> Event:
    """The same event as one more, of now, which follows it: who missed it, such as an automation, sees this one."""
    return emit(
        event=event.event,
        resource=event.resource,
        related=event.related,
        payload=event.payload,
        follows=event.id,
    )


def insert_related(events: Sequence[Event]) -> None:
    """Write the related resources of events that have their numbers."""
    rows = [
        (event.sequence, labels["prefect.resource.id"], labels["prefect.resource.role"], event.occurred)
        for event in events
        for labels in event.related
    ]
    insert_values(RelatedResource, ("event", "resource_id", "role", "occurred"), rows)
