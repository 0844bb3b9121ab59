from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models

from runs.models.base import Record

POLLED_WITHIN = timedelta(seconds=60)  # a queue, or deployment, that nobody asked for longer is not looked after


class WorkQueue(Record):
    """A line of waiting runs inside a pool. The queue with the lowest priority number is served first."""

    class Status(models.TextChoices):
        READY = "READY"  # a worker asked for its work in the last minute
        NOT_READY = "NOT_READY"
        PAUSED = "PAUSED"

    work_pool = models.ForeignKey("deployments.WorkPool", on_delete=models.CASCADE, related_name="queues")
    name = models.TextField()
    description = models.TextField(default="", blank=True)
    priority = models.PositiveIntegerField(default=1)
    is_paused = models.BooleanField(default=False)
    concurrency_limit = models.PositiveIntegerField(null=True, blank=True)
    filter = models.JSONField(null=True, blank=True, help_text="Tags and deployments: the queue's runs are all those.")
    last_polled = models.DateTimeField(null=True, blank=True)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.NOT_READY)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["work_pool", "name"], name="work_queue_name"),
            models.UniqueConstraint(fields=["work_pool", "priority"], name="work_queue_priority"),
        ]

    def __str__(self) -> str:
        return self.name

    def was_polled_lately(self, at: datetime) -> bool:
        """Whether somebody looks after it, as far as polls tell: a worker or runner asked for its work."""
        return self.last_polled is not None and at - self.last_polled <= POLLED_WITHIN
