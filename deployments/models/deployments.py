from __future__ import annotations

from django.db import models
from django.db.models import Q

from runs.models.base import Record


class Deployment(Record):
    """A flow that can be run from afar: where its code is, with which parameters, on which work queue."""

    class Status(models.TextChoices):
        READY = "READY"  # somebody who can execute it asked for its work in the last minute
        NOT_READY = "NOT_READY"

    class CatchUp(models.TextChoices):
        """What becomes of the runs that schedules planned and nobody began in time."""

        PLANNED = "planned"  # what was planned already runs late, what was not is left out
        ALL = "all"  # every one runs late
        LATEST = "latest"  # the last one of each schedule runs late
        MAX_AGE = "max_age"  # those run late that are not older than `catch_up_max_age_seconds`
        NONE = "none"  # none of them runs

    flow = models.ForeignKey("runs.Flow", on_delete=models.CASCADE, related_name="deployments")
    name = models.TextField()
    version = models.TextField(null=True, blank=True)
    description = models.TextField(null=True, blank=True)
    tags = models.JSONField(default=list, blank=True)
    labels = models.JSONField(default=dict, blank=True)
    paused = models.BooleanField(default=False)
    paused_at = models.DateTimeField(null=True, blank=True, editable=False)
    paused_by = models.JSONField(null=True, blank=True, editable=False, help_text="Who paused it, if that is known.")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.NOT_READY)
    last_polled = models.DateTimeField(null=True, blank=True)

    catch_up_policy = models.CharField(max_length=16, choices=CatchUp.choices, default=CatchUp.PLANNED)
    catch_up_max_age_seconds = models.FloatField(
        null=True, blank=True, help_text="How late a run may begin; with the policy max_age alone."
    )

    parameters = models.JSONField(default=dict, blank=True)
    parameter_openapi_schema = models.JSONField(null=True, blank=True)
    enforce_parameter_schema = models.BooleanField(default=False)
    job_variables = models.JSONField(default=dict, blank=True)

    entrypoint = models.TextField(null=True, blank=True, help_text="path/to/file.py:function, seen from `path`.")
    path = models.TextField(null=True, blank=True)
    pull_steps = models.JSONField(null=True, blank=True)

    work_queue = models.ForeignKey(
        "deployments.WorkQueue", null=True, blank=True, on_delete=models.SET_NULL, related_name="deployments"
    )
    global_concurrency_limit = models.ForeignKey(
        "runs.ConcurrencyLimit", null=True, blank=True, on_delete=models.SET_NULL, related_name="deployments"
    )
    concurrency_options = models.JSONField(null=True, blank=True)
    storage_document_id = models.UUIDField(null=True, blank=True)
    infrastructure_document_id = models.UUIDField(null=True, blank=True)
    badge_is_public = models.BooleanField(
        default=False, help_text="Whether its badge, which tells how it does, is shown to everybody who asks."
    )
    created_by = models.JSONField(null=True, blank=True)
    updated_by = models.JSONField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["flow", "name"], name="deployment_name"),
            models.CheckConstraint(
                condition=Q(catch_up_policy="max_age", catch_up_max_age_seconds__isnull=False)
                | Q(~Q(catch_up_policy="max_age"), catch_up_max_age_seconds__isnull=True),
                name="deployment_catch_up",
                violation_error_message="Seconds belong to the policy max_age, and only to it.",
            ),
        ]
        indexes = [
            models.Index(fields=["name"], name="deployment_by_name"),
            models.Index(fields=["-created"], name="deployment_created"),
            models.Index(fields=["catch_up_policy", "catch_up_max_age_seconds"], name="deployment_by_catch_up"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_paused(self) -> bool:
        return self.paused
