from __future__ import annotations

from django.db import models

from runs.models.base import Record


class Deployment(Record):
    """A flow that can be run from afar: where its code is, with which parameters, on which work queue."""

    class Status(models.TextChoices):
        READY = "READY"  # somebody who can execute it asked for its work in the last minute
        NOT_READY = "NOT_READY"

    flow = models.ForeignKey("runs.Flow", on_delete=models.CASCADE, related_name="deployments")
    name = models.TextField()
    version = models.TextField(null=True, blank=True)
    description = models.TextField(null=True, blank=True)
    tags = models.JSONField(default=list, blank=True)
    labels = models.JSONField(default=dict, blank=True)
    paused = models.BooleanField(default=False)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.NOT_READY)
    last_polled = models.DateTimeField(null=True, blank=True)

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
    created_by = models.JSONField(null=True, blank=True)
    updated_by = models.JSONField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["flow", "name"], name="deployment_name")]
        indexes = [
            models.Index(fields=["name"], name="deployment_by_name"),
            models.Index(fields=["-created"], name="deployment_created"),
        ]

    def __str__(self) -> str:
        return self.name
