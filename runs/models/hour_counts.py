"""Runs of past hours, counted once so that nobody who asks for a long time need read every run."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q

Counts = list[tuple[str | None, str | None, int]]


class Counted(models.TextChoices):
    FLOW_RUNS = "flow-runs"
    TASK_RUNS = "task-runs"


class HourCountQuerySet(models.QuerySet["HourCount"]):
    def known(self, kind: Counted) -> HourCountQuerySet:
        """Counted, and nothing changed since: by what this very statement sees."""
        return self.filter(~_changed(), kind=kind, counted_at__isnull=False)

    def uncounted(self) -> HourCountQuerySet:
        return self.filter(Q(counted_at=None) | _changed())


class HourCount(models.Model):
    """How many runs there were in one hour, by their present state.

    `began` and `expected` are lists for each state: its type, its name, and how many runs each of the sixty minutes
    had. `expected` adds, of each minute, how many seconds they ran, and by how many they were late; of states that are
    not the last of a run those are zero, as they still grow.
    """

    kind = models.CharField(max_length=16, choices=Counted.choices)
    hour = models.DateTimeField(help_text="When it begins.")
    counted_at = models.DateTimeField(null=True, blank=True, help_text="Nothing while it has to be counted again.")
    counts = models.JSONField(
        default=list,
        blank=True,
        help_text="Type of state, its name, and how many runs began or were due; subflows are left out.",
    )
    total = models.PositiveIntegerField(default=0, help_text="Runs that were expected to start in it.")
    began = models.JSONField(default=list, blank=True, help_text="By minute; task runs that never began are left out.")
    expected = models.JSONField(default=list, blank=True, help_text="By the minute in which they were to start.")

    objects = HourCountQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "hour"], name="hour_count_of_kind")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.hour:%Y-%m-%d %H:%M}"


class ChangedHour(models.Model):
    """Written in the transaction that changes a run of a past hour: whatever was counted of it before is not so.

    Nothing but rows that are added, so nobody waits for anybody. Who counts the hour again takes away what was there.
    """

    kind = models.CharField(max_length=16, choices=Counted.choices)
    hour = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["kind", "hour"], name="changed_hour")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.hour:%Y-%m-%d %H:%M}"


def hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _changed() -> Any:
    return Exists(ChangedHour.objects.filter(kind=OuterRef("kind"), hour=OuterRef("hour")))
