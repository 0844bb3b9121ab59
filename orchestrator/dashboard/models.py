from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q


class SnoozeQuerySet(models.QuerySet):
    def of(self, user_id: int | None) -> SnoozeQuerySet:
        """Those of a user; None: of everybody on a server that knows no users."""
        return self.filter(user=user_id)

    def lasting(self, at: datetime) -> SnoozeQuerySet:
        return self.filter(until__gt=at)


class Snooze(models.Model):
    """Somebody knows about a cause and does not want to be told of it for a while."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="snoozes"
    )
    key = models.CharField(max_length=200, help_text="What names the cause for as long as it lasts.")
    until = models.DateTimeField()

    objects = SnoozeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="snooze_of_user"),
            models.UniqueConstraint(fields=["key"], condition=Q(user=None), name="snooze_of_everybody"),
        ]
        indexes = [models.Index(fields=["until"], name="snooze_until")]

    def __str__(self) -> str:
        return self.key
