from django.db import models
from django.db.models import Q

from runs.models.base import Record


class Artifact(Record):
    """Something that a run produced for people to read: markdown, a table, a link, an image, a progress bar."""

    key = models.TextField(null=True, blank=True, help_text="Artifacts of one key are versions of one thing.")
    type = models.TextField(null=True, blank=True)
    description = models.TextField(null=True, blank=True)
    data = models.JSONField(null=True, blank=True)
    metadata = models.JSONField(null=True, blank=True)
    flow_run_id = models.UUIDField(null=True, blank=True)
    task_run_id = models.UUIDField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["key", "-created"], name="artifact_key", condition=Q(key__isnull=False)),
            models.Index(fields=["flow_run_id"], name="artifact_flow_run"),
            models.Index(fields=["task_run_id"], name="artifact_task_run"),
        ]

    def __str__(self) -> str:
        return self.key or str(self.id)
