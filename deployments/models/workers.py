from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models

from runs.models.base import Record

MISSED_HEARTBEATS = 3  # a worker that missed this many is offline
SILENT_HEARTBEATS = 2  # within so many it is called so where people look, before anything is done about it
LOOKED_AT_SECONDS = 10.0  # how often an open page looks at the workers again


class WorkerQuerySet(models.QuerySet):
    def online(self) -> WorkerQuerySet:
        return self.filter(status=Worker.Status.ONLINE)

    def alive(self, at: datetime) -> WorkerQuerySet:
        """Online, and not silent for too long."""
        return self.online().filter(silent_after__gte=at)

    def gone_since(self, start: datetime, at: datetime) -> WorkerQuerySet:
        """Those that left or fell silent between the two."""
        left = models.Q(status=Worker.Status.OFFLINE) | models.Q(silent_after__lt=at)
        return self.filter(left, silent_after__gte=start)

    def silent(self, at: datetime) -> WorkerQuerySet:
        """Counted as online, although too many heartbeats are missing."""
        return self.online().filter(silent_after__lt=at)


class Worker(Record):
    """A process on some host that executes runs of one pool."""

    class Status(models.TextChoices):
        ONLINE = "ONLINE"
        OFFLINE = "OFFLINE"

    class BrokerState(models.TextChoices):
        CONSUMING = "CONSUMING"  # what is sent to it reaches it
        BUSY = "BUSY"  # every process executes a run, so nothing more is asked of the broker
        LOST = "LOST"  # it sends itself messages that do not come back

    work_pool = models.ForeignKey("deployments.WorkPool", on_delete=models.CASCADE, related_name="workers")
    name = models.TextField()
    last_heartbeat_time = models.DateTimeField()
    heartbeat_interval_seconds = models.PositiveIntegerField(default=30)
    silent_after = models.DateTimeField(help_text="Without another heartbeat the worker is offline from then on.")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.ONLINE)
    metadata = models.JSONField(null=True, blank=True)
    work_queue_names = models.JSONField(
        default=list, blank=True, help_text="The queues whose runs it executes; empty: all of the pool."
    )
    concurrency = models.PositiveIntegerField(null=True, blank=True, help_text="Runs at once, as far as it says.")
    # What our own workers find out about their way to the broker; others have none.
    broker_state = models.CharField(max_length=16, choices=BrokerState.choices, null=True, blank=True)
    broker_state_since = models.DateTimeField(null=True, blank=True)
    last_probe_at = models.DateTimeField(
        null=True, blank=True, help_text="When a message that it sent to itself last came back over the broker."
    )

    objects = WorkerQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["work_pool", "name"], name="worker_name")]
        indexes = [models.Index(fields=["status", "silent_after"], name="worker_silent")]

    def __str__(self) -> str:
        return self.name

    @property
    def serves_whole_pool(self) -> bool:
        return not self.work_queue_names

    def is_online(self, at: datetime) -> bool:
        return self.status == self.Status.ONLINE and self.silent_after >= at

    def offline_since(self, at: datetime) -> datetime | None:
        """When it was last heard, if it left or is silent for too long; None while it is online.

        People are told sooner than the foreman acts: it must be sure.
        """
        silence = longest_silence(self.heartbeat_interval_seconds)
        heard = self.status == self.Status.ONLINE and at - self.last_heartbeat_time < silence
        return None if heard else self.last_heartbeat_time


def longest_silence(heartbeat_interval_seconds: int) -> timedelta:
    """After which people are told that a worker with such heartbeats is offline: early enough for an open page."""
    seconds = heartbeat_interval_seconds * SILENT_HEARTBEATS - LOOKED_AT_SECONDS
    return timedelta(seconds=max(seconds, 1.5 * heartbeat_interval_seconds))
