from __future__ import annotations

from django.db import models

from runs.models.base import Record

CELERY = "celery"  # the type of pool whose runs our own workers execute
AGENT = "prefect-agent"  # the type of pools from the time before workers, which have no status


class WorkPool(Record):
    """A named set of workers of one type, and the work that waits for them."""

    class Status(models.TextChoices):
        READY = "READY"  # a worker is online
        NOT_READY = "NOT_READY"  # no worker is online
        PAUSED = "PAUSED"  # hands out nothing

    name = models.TextField(unique=True)
    type = models.TextField()
    description = models.TextField(null=True, blank=True)
    base_job_template = models.JSONField(default=dict, blank=True)
    is_paused = models.BooleanField(default=False)
    concurrency_limit = models.PositiveIntegerField(null=True, blank=True)
    storage_configuration = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.NOT_READY, null=True, blank=True)
    # The last event about the status, which the next one follows.
    status_event_id = models.UUIDField(null=True, blank=True, editable=False)
    status_changed_at = models.DateTimeField(null=True, blank=True, editable=False)
    default_queue = models.ForeignKey(
        "deployments.WorkQueue", null=True, blank=True, on_delete=models.RESTRICT, related_name="+"
    )

    def __str__(self) -> str:
        return self.name

    @property
    def is_celery(self) -> bool:
        return self.type == CELERY
