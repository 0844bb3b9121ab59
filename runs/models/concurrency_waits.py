from __future__ import annotations

from datetime import datetime

from django.db import models

from runs.models.concurrency_leases import ConcurrencyLease


class SlotWaitQuerySet(models.QuerySet):
    def asking(self, at: datetime) -> SlotWaitQuerySet:
        """Those who are expected to ask again."""
        return self.filter(until__gt=at)

    def over(self, at: datetime) -> SlotWaitQuerySet:
        return self.filter(until__lte=at)


class SlotWait(models.Model):
    """Somebody who said who they are, found too few slots of a limit, and was told when to ask again.

    Nobody says that they gave up, so a wait is over by itself a little after the time at which they were to come.
    """

    limit = models.ForeignKey("runs.ConcurrencyLimit", on_delete=models.CASCADE, related_name="waits")
    # As whoever asked told it; nothing of that name need exist.
    holder_type = models.CharField(max_length=16, choices=ConcurrencyLease.HolderType.choices)
    holder_id = models.UUIDField()
    slots = models.PositiveIntegerField()
    since = models.DateTimeField(help_text="When it was refused first, of those times that follow each other.")
    asked_at = models.DateTimeField(help_text="When it was refused last.")
    again_at = models.DateTimeField(help_text="When it was told to ask again.")
    until = models.DateTimeField(help_text="It has given up if it has not asked again by then.")

    objects = SlotWaitQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["holder_id", "limit"], name="slot_wait_of_holder")]
        indexes = [models.Index(fields=["until"], name="slot_wait_until")]

    def __str__(self) -> str:
        return f"{self.holder_type} {self.holder_id}"
