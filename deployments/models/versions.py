from __future__ import annotations

from typing import Any

from django.db import models
from django.utils import timezone

from orchestrator.contract.ids import uuid7


class DeploymentVersionQuerySet(models.QuerySet):
    def newest_first(self) -> DeploymentVersionQuerySet:
        return self.order_by("-number")

    def without_content(self) -> DeploymentVersionQuerySet:
        """For lists: what a deployment was may be large."""
        return self.defer("content")


class DeploymentVersion(models.Model):
    """What a deployment was from `created` until the next version. Nobody changes such a row.

    `services/versions.py` says what belongs to `content`.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    deployment = models.ForeignKey("deployments.Deployment", on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(help_text="Counted from 1 within the deployment.")
    created = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.JSONField(null=True, blank=True, help_text="Who made it, as far as that is known.")
    version = models.TextField(null=True, blank=True, help_text="The deployment's own word for it.")
    version_info = models.JSONField(null=True, blank=True, help_text="Where it comes from, as the client told.")
    restored_from = models.PositiveIntegerField(null=True, blank=True, help_text="The number of the same content.")
    changed = models.JSONField(default=list, blank=True, help_text="What differs from the version before.")
    content = models.JSONField()
    digest = models.CharField(max_length=64, editable=False)

    objects = DeploymentVersionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["deployment", "number"], name="deployment_version_number")]

    def __str__(self) -> str:
        return f"version {self.number}"

    @property
    def author(self) -> str:
        """Who made it, in words; empty when nobody knows."""
        by: dict[str, Any] = self.created_by or {}
        return str(by.get("display_value") or "")
