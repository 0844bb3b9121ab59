from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import Q

from orchestrator.contract.ids import uuid7
from orchestrator.contract.times import format_time
from orchestrator.events.asset_models import Asset, AssetSource


class EventQuerySet(models.QuerySet):
    """An order is by the time at which things occurred; the identifier decides between events of one moment."""

    def oldest_first(self) -> EventQuerySet:
        return self.order_by("occurred", "id")

    def newest_first(self) -> EventQuerySet:
        return self.order_by("-occurred", "-id")

    def later_than(self, occurred: datetime, id: UUID) -> EventQuerySet:
        return self.filter(Q(occurred__gt=occurred) | Q(id__gt=id), occurred__gte=occurred)

    def earlier_than(self, occurred: datetime, id: UUID) -> EventQuerySet:
        return self.filter(Q(occurred__lt=occurred) | Q(id__lt=id), occurred__lte=occurred)


class Event(models.Model):
    """Something that happened to a resource.

    `sequence` is the order of arrival, by which live pages and sockets follow the log; `id` is chosen by whoever
    reports the event, and makes a repeated report harmless.
    """

    sequence = models.BigAutoField(primary_key=True)
    id = models.UUIDField(unique=True, default=uuid7, editable=False)
    occurred = models.DateTimeField()
    received = models.DateTimeField()
    event = models.TextField()
    resource_id = models.TextField()
    resource = models.JSONField()
    related = models.JSONField(default=list)
    payload = models.JSONField(default=dict)
    follows = models.UUIDField(null=True, blank=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["-occurred", "-id"], name="event_newest"),
            models.Index(fields=["resource_id", "-occurred"], name="event_resource"),
            models.Index(fields=["event", "-occurred"], name="event_name"),
        ]

    def __str__(self) -> str:
        return self.event

    def to_wire(self) -> dict[str, Any]:
        return {
            "occurred": format_time(self.occurred),
            "event": self.event,
            "resource": self.resource,
            "related": self.related,
            "payload": self.payload,
            "id": str(self.id),
            "follows": str(self.follows) if self.follows else None,
            "received": format_time(self.received),
        }


class RelatedResource(models.Model):
    """One related resource of one event, so that the events around a resource are found by index."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="related_rows")
    resource_id = models.TextField()
    role = models.TextField()
    occurred = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["resource_id", "-occurred"], name="related_resource")]


__all__ = ["Asset", "AssetSource", "Event", "EventQuerySet", "RelatedResource"]
