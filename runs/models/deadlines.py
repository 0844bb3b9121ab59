"""What has to be looked after when a run is still in a certain state at a certain time."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import models


class StateDeadlineQuerySet(models.QuerySet):
    def due(self, kind: StateDeadline.Kind, at: datetime) -> StateDeadlineQuerySet:
        """The longest overdue first."""
        return self.filter(kind=kind, at__lte=at).order_by("at")


class StateDeadline(models.Model):
    """Written together with the state, so that no service has to look through the runs to find what is due.

    It goes when it was looked after, or with its run. The run may have left the state meanwhile.
    """

    class Kind(models.TextChoices):
        PAUSE = "PAUSE", "The pause ends unless the run goes on"
        CANCELLING = "CANCELLING", "Whoever executes the run did not stop it in time"
        CHILDREN = "CHILDREN", "What a cancelled run left running is to be cancelled"
        LATE_REPORTS = "LATE_REPORTS", "What a process reported, and was recorded after its death, is to be ended"

    flow_run = models.ForeignKey("runs.FlowRun", on_delete=models.CASCADE, related_name="deadlines")
    state_id = models.UUIDField()
    kind = models.CharField(max_length=16, choices=Kind.choices)
    at = models.DateTimeField()

    objects = StateDeadlineQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["kind", "at"], name="state_deadline_due")]

    def __str__(self) -> str:
        return f"{self.kind} at {self.at}"

    def is_about(self, state_id: UUID | str | None) -> bool:
        return str(self.state_id) == str(state_id)
