"""Runs that are gone, and what is left of them."""

from __future__ import annotations

from datetime import datetime

from django.db import models


class LeftoverQuerySet(models.QuerySet):
    def due(self, at: datetime) -> LeftoverQuerySet:
        """The longest overdue first."""
        return self.filter(due_at__lte=at).order_by("due_at", "pk")


class Leftover(models.Model):
    """A deleted run whose log lines and artifacts are still there, because there may be millions of them.

    Written with the deletion. It is looked at a second time some minutes later, for what came after all.
    """

    class Kind(models.TextChoices):
        FLOW_RUN = "flow-run"
        TASK_RUN = "task-run"

    kind = models.CharField(max_length=16, choices=Kind.choices)
    run_id = models.UUIDField()
    deleted_at = models.DateTimeField()
    due_at = models.DateTimeField(db_index=True)

    objects = LeftoverQuerySet.as_manager()

    def __str__(self) -> str:
        return f"what is left of {self.kind} {self.run_id}"
