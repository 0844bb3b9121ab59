"""Runs of past hours, counted once so that charts of weeks need not read every run."""

from __future__ import annotations

from datetime import datetime

from django.db import models

Counts = list[tuple[str | None, str | None, int]]


class HourCountQuerySet(models.QuerySet["HourCount"]):
    def known(self) -> HourCountQuerySet:
        return self.filter(counted_at__isnull=False)

    def uncounted(self) -> HourCountQuerySet:
        return self.filter(counted_at=None)


class HourCount(models.Model):
    """How many runs that are nobody's subflow began in one hour, or were due in it, by their present state."""

    hour = models.DateTimeField(primary_key=True, help_text="When it begins.")
    counted_at = models.DateTimeField(null=True, blank=True, help_text="Nothing while it has to be counted again.")
    counts = models.JSONField(default=list, blank=True, help_text="Type of state, its name, and how many runs.")

    objects = HourCountQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H:%M}"

    @property
    def total(self) -> int:
        return sum(number for _, _, number in self.counts)


def hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
