from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone

from orchestrator.contract.ids import uuid7


class TaskSubscriptionQuerySet(models.QuerySet):
    def live(self, at: datetime) -> TaskSubscriptionQuerySet:
        return self.filter(lease_expires_at__gte=at)

    def lost(self, at: datetime) -> TaskSubscriptionQuerySet:
        """The process that served them is gone, or was stopped for too long."""
        return self.filter(lease_expires_at__lt=at)


class TaskSubscription(models.Model):
    """A task worker that is connected, and renewed by the process that serves it for as long as it is."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client_id = models.TextField()
    task_keys = models.JSONField(default=list)
    connected_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now, help_text="When it last took or acknowledged a task run.")
    lease_expires_at = models.DateTimeField()
    slots = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="How many task runs it holds at most until they have ended. Empty: it acknowledges on receipt.",
    )
    epoch = models.PositiveIntegerField(
        default=1, help_text="Which of its connections counts: each one that takes the subscription up raises it."
    )

    objects = TaskSubscriptionQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["lease_expires_at"], name="task_subscription_lease")]

    def __str__(self) -> str:
        return self.client_id


class QueuedTaskRunQuerySet(models.QuerySet):
    def waiting(self, task_keys: Sequence[str]) -> QueuedTaskRunQuerySet:
        """Those of these keys that nobody holds."""
        return self.filter(task_key__in=task_keys, holder=None)

    def first_come(self) -> QueuedTaskRunQuerySet:
        return self.order_by("-goes_first", "id")


class QueuedTaskRun(models.Model):
    """A background task run that waits for a task worker, or that one has been sent and did not acknowledge yet.

    The row ends with the acknowledgement: on receipt, or, of a worker with slots, when the task run has ended. When its
    holder is gone it waits again, before those that never were sent.
    """

    task_run = models.OneToOneField("runs.TaskRun", on_delete=models.CASCADE, related_name="queued")
    task_key = models.TextField()
    goes_first = models.BooleanField(default=False, help_text="A retry, or one that was sent in vain before.")
    holder = models.ForeignKey(
        TaskSubscription, null=True, blank=True, on_delete=models.SET_NULL, related_name="held", db_index=False
    )

    objects = QueuedTaskRunQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["task_key", "-goes_first", "id"], name="queued_task_run_next", condition=Q(holder=None)
            ),
            models.Index(fields=["holder"], name="queued_task_run_holder", condition=Q(holder__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.task_key} {self.task_run_id}"
