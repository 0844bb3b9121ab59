from __future__ import annotations

from datetime import datetime, timedelta
from math import floor
from typing import Any

from django.db import models
from django.db.models import Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from runs.models.base import Record

TAG_PREFIX = "tag:"  # a limit of this name and a tag is for the task runs that carry the tag
DEPLOYMENT_PREFIX = "deployment:"  # a limit of this name and an identifier belongs to the deployment

SHORTEST_OCCUPANCY = 0.1  # seconds; keeps waiting times above nothing
FIRST_OCCUPANCY = 2.0  # seconds for which a slot is thought to be held before anybody held one


class ConcurrencyLimitQuerySet(models.QuerySet):
    def of_tags(self) -> ConcurrencyLimitQuerySet:
        return self.filter(tag__isnull=False)

    def by_name(self) -> ConcurrencyLimitQuerySet:
        return self.order_by("name")

    def with_leased(self, at: datetime) -> ConcurrencyLimitQuerySet:
        """Each with the slots of live leases as `leased`, those left out that are in its count."""
        live = Q(leased_slots__lease__expires_at=None) | Q(leased_slots__lease__expires_at__gt=at)
        held = Q(leased_slots__counted=False) & live
        return self.annotate(leased=Coalesce(Sum("leased_slots__slots", filter=held), 0))

    def locked(self) -> ConcurrencyLimitQuerySet:
        """Until the transaction ends, and always in the same order, so that nobody waits in a circle."""
        return self.order_by("pk").select_for_update(of=("self",))


class ConcurrencyLimit(Record):
    """At most so many slots of one name are in use at once.

    In use are the slots of live leases, which are rows, and those that were only counted: they were taken without a
    lease, or on a limit whose slots decay. What is counted is stored as of `counted_at` and decays from there.
    """

    name = models.TextField(unique=True)
    tag = models.TextField(null=True, blank=True, editable=False, help_text="Follows from the name.")
    limit = models.IntegerField()
    active = models.BooleanField(default=True, help_text="A limit that is not active holds nobody up.")
    slot_decay_per_second = models.FloatField(default=0.0, help_text="Counted slots that become free each second.")
    counted_slots = models.IntegerField(default=0)
    counted_at = models.DateTimeField(default=timezone.now)
    denied_slots = models.IntegerField(default=0, help_text="Slots that were refused of late; they decay too.")
    denied_at = models.DateTimeField(default=timezone.now)
    avg_slot_occupancy_seconds = models.FloatField(default=FIRST_OCCUPANCY)

    objects = ConcurrencyLimitQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["tag"], name="concurrency_limit_tag", condition=Q(tag__isnull=False))]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.tag = self.name.removeprefix(TAG_PREFIX) if self.name.startswith(TAG_PREFIX) else None
        super().save(*args, **kwargs)

    @property
    def decays(self) -> bool:
        return self.slot_decay_per_second > 0

    def counted(self, at: datetime) -> int:
        """Counted slots that have not decayed by then."""
        return _decayed(self.counted_slots, self.slot_decay_per_second, since=self.counted_at, until=at)

    def count(self, slots: int, at: datetime) -> None:
        """Add to the counted slots, or take away. What has decayed by a part of a slot goes on decaying from there."""
        left = self.counted(at)
        if left and self.decays:
            self.counted_at += timedelta(seconds=(self.counted_slots - left) / self.slot_decay_per_second)
        else:
            self.counted_at = at
        self.counted_slots = max(0, left + slots)

    def denied(self, at: datetime, longest_wait: float) -> int:
        """Refused slots that are still remembered. `longest_wait` in seconds bounds how long each of them is."""
        if self.decays:
            rate = self.slot_decay_per_second
        else:
            rate = 1.0 / max(SHORTEST_OCCUPANCY, min(self.avg_slot_occupancy_seconds, longest_wait))
        return _decayed(self.denied_slots, rate, since=self.denied_at, until=at)

    def deny(self, slots: int, at: datetime, longest_wait: float) -> None:
        self.denied_slots = self.denied(at, longest_wait) + slots
        self.denied_at = at

    def learn_occupancy(self, seconds_per_slot: float) -> None:
        """Move the average a little: it is one over the last releases, twice as many as there are slots."""
        if self.limit <= 0:
            return
        weight = 1.0 / (2 * self.limit)
        self.avg_slot_occupancy_seconds += weight * (
            max(seconds_per_slot, SHORTEST_OCCUPANCY) - self.avg_slot_occupancy_seconds
        )


def _decayed(slots: int, per_second: float, *, since: datetime, until: datetime) -> int:
    seconds = max(0.0, (until - since).total_seconds())
    return slots - floor(min(slots, per_second * seconds))
