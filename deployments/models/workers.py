from __future__ import annotations

from datetime import datetime

from django.db import models

from runs.models.base import Record

MISSED_HEARTBEATS = 3  # a worker that missed this many is offline


class WorkerQuerySet(models.QuerySet):
    def online(self) -> WorkerQuerySet:
        return self.filter(status=Worker.Status.ONLINE)

    def silent(self, at: datetime) -> WorkerQuerySet:
        """Counted as online, although too many heartbeats are missing."""
        return self.online().filter(silent_after__lt=at)


class Worker(Record):
    """A process on some host that executes runs of one pool."""

    class Status(models.TextChoices):
        ONLINE = "ONLINE"
        OFFLINE = "OFFLINE"

    work_pool = models.ForeignKey("deployments.WorkPool", on_delete=models.CASCADE, related_name="workers")
    name = models.TextField()
    last_heartbeat_time = models.DateTimeField()
    heartbeat_interval_seconds = models.PositiveIntegerField(default=30)
    silent_after = models.DateTimeField(help_text="Without another heartbeat the worker is offline from then on.")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.ONLINE)
    metadata = models.JSONField(null=True, blank=True)

    objects = WorkerQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["work_pool", "name"], name="worker_name")]
        indexes = [models.Index(fields=["status", "silent_after"], name="worker_silent")]

    def __str__(self) -> str:
        return self.name

    def is_online(self, at: datetime) -> bool:
        return self.status == self.Status.ONLINE and self.silent_after >= at
