from __future__ import annotations

from django.db import models
from django.db.models import Q

from runs.models.base import Record


class Produced(Record):
    """Something that a run produced for people to read: markdown, a table, a link, an image, a progress bar."""

    # Without type: the description of a result that a run stored.
    type = models.TextField(null=True, blank=True)
    description = models.TextField(null=True, blank=True)
    data = models.JSONField(null=True, blank=True)
    metadata = models.JSONField(null=True, blank=True)
    # The runs need not exist: what they produced may arrive first, and may outlive them until clean-up.
    flow_run_id = models.UUIDField(null=True, blank=True)
    task_run_id = models.UUIDField(null=True, blank=True)

    class Meta:
        abstract = True


class ArtifactQuerySet(models.QuerySet):
    def versions_of(self, key: str) -> ArtifactQuerySet:
        """The newest first."""
        return self.filter(key=key).order_by("-id")


class Artifact(Produced):
    key = models.TextField(null=True, blank=True, help_text="Artifacts of one key are versions of one thing.")

    objects = ArtifactQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["key", "id"], name="artifact_key"),
            models.Index(fields=["type", "id"], name="artifact_type"),
            models.Index(fields=["created", "id"], name="artifact_created"),
            models.Index(fields=["updated", "id"], name="artifact_updated"),
            models.Index(
                fields=["flow_run_id", "id"], name="artifact_flow_run", condition=Q(flow_run_id__isnull=False)
            ),
            models.Index(
                fields=["task_run_id", "id"], name="artifact_task_run", condition=Q(task_run_id__isnull=False)
            ),
            models.Index(
                fields=["created"],
                name="artifact_alone",
                condition=Q(flow_run_id__isnull=True, task_run_id__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.key or str(self.id)


class ArtifactCollection(Produced):
    """All versions of one key, shown by what the latest of them says."""

    key = models.TextField(unique=True)
    latest_id = models.UUIDField(unique=True)

    class Meta:
        indexes = [
            models.Index(fields=["type", "id"], name="collection_type"),
            models.Index(fields=["created", "id"], name="collection_created"),
            models.Index(fields=["updated", "id"], name="collection_updated"),
            models.Index(fields=["flow_run_id"], name="collection_flow_run", condition=Q(flow_run_id__isnull=False)),
            models.Index(fields=["task_run_id"], name="collection_task_run", condition=Q(task_run_id__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.key
