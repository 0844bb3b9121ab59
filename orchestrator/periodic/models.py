"""What is known about each service: who runs it now, and how its last run went."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q

NONSENSE = timedelta(minutes=10)  # further ahead than any lease or tick lies, so somebody's clock was wrong
MOST_ERROR = 1_000  # characters that are kept of an error


class ServiceRecordQuerySet(models.QuerySet["ServiceRecord"]):
    def free(self, at: datetime) -> ServiceRecordQuerySet:
        """Those that nobody runs at this moment."""
        return self.filter(Q(held_until=None) | Q(held_until__lte=at) | Q(held_until__gt=at + NONSENSE))

    def not_served(self, due_at: datetime) -> ServiceRecordQuerySet:
        """Those for which the tick of this moment was not begun yet."""
        return self.filter(Q(served_until=None) | Q(served_until__lt=due_at) | Q(served_until__gt=due_at + NONSENSE))

    def held_by(self, holder: str) -> ServiceRecordQuerySet:
        return self.filter(holder=holder)


class ServiceRecord(models.Model):
    """The lease of one service and its last run. Only `orchestrator.periodic.running` writes it."""

    name = models.CharField(primary_key=True, max_length=100)
    default_seconds = models.FloatField(default=0.0, help_text="Its pace when its row for beat was made.")
    last_started_at = models.DateTimeField(null=True)
    last_finished_at = models.DateTimeField(null=True)
    last_duration_seconds = models.FloatField(null=True)
    last_lag_seconds = models.FloatField(null=True, help_text="From the moment it was due until it began.")
    last_count = models.BigIntegerField(null=True, help_text="Rows that its last run touched.")
    total_count = models.BigIntegerField(default=0, help_text="Rows that all of its runs touched.")
    last_error = models.CharField(max_length=MOST_ERROR, blank=True, help_text="Of its last run, if it failed.")
    failures_in_a_row = models.PositiveIntegerField(default=0)
    served_until = models.DateTimeField(null=True, help_text="Messages for this moment and earlier ones are served.")
    holder = models.CharField(max_length=200, blank=True, help_text="The process that runs it now.")
    held_until = models.DateTimeField(null=True, help_text="When another process may run it, whatever the holder does.")

    objects = ServiceRecordQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
