"""Say that something happened, in the transaction in which it happens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from orchestrator.contract.ids import uuid7
from orchestrator.contract.times import now
from orchestrator.events.models import Event, RelatedResource
from orchestrator.events.registry import HintSubscriber, announce_commit, hint_subscribers
from orchestrator.statements.after_commit import after_commit
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

    The arguments are those of `event_of`.
    """
    row = event_of(
        event=event,
        resource=resource,
        related=related,
        payload=payload,
        occurred=occurred,
        id=id,
        follows=follows,
    )
    emit_all([row])
    return row


def event_of(
    *,
    event: str,
    resource: dict[str, str],
    related: Sequence[dict[str, str]] = (),
    payload: dict[str, Any] | None = None,
    occurred: datetime | None = None,
    id: UUID | None = None,
    follows: UUID | None = None,
) -> Event:
    """An event that is not written yet.

    `resource` and each of `related` are flat label maps with `prefect.resource.id`; related ones also need
    `prefect.resource.role`. `occurred` defaults to now.
    """
    at = now()
    return made(
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


def emit_all(rows: Sequence[Event]) -> None:
    """Write these events, in their order; after the commit tell the hint subscribers of this process of each."""
    if not rows:
        return
    insert_rows(rows)
    insert_related(rows)
    transaction.on_commit(announce_commit)
    for row in rows:
        subscribers = hint_subscribers(row.event)
        if subscribers:
            after_commit(_tell, subscribers, row)


def _tell(subscribers: Iterable[HintSubscriber], row: Event) -> None:
    for subscriber in subscribers:
        subscriber(row)


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
