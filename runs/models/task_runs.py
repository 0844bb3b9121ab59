from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce

from runs.models.run import Run, RunQuerySet


class TaskRun(Run):
    """One execution of a task. `flow_run` is None for a background task that no flow called."""

    flow_run = models.ForeignKey(
        "runs.FlowRun", null=True, blank=True, on_delete=models.CASCADE, related_name="task_runs", db_index=False
    )
    task_key = models.TextField()
    dynamic_key = models.TextField()
    task_version = models.TextField(null=True, blank=True)
    task_inputs = models.JSONField(default=dict, blank=True)
    cache_key = models.TextField(null=True, blank=True)
    cache_expiration = models.DateTimeField(null=True, blank=True)
    flow_run_run_count = models.PositiveIntegerField(default=0)

    objects = RunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["flow_run", "task_key", "dynamic_key"], name="task_run_natural_key"),
        ]
        indexes = [
            models.Index(
                Coalesce("start_time", "expected_start_time").desc(), models.F("id").desc(), name="task_run_newest"
            ),
            # Both times stand in it once more, so that runs of a state and a span are counted without reading them.
            models.Index(
                "state_type",
                Coalesce("start_time", "expected_start_time").desc(),
                "start_time",
                "expected_start_time",
                name="task_run_state_times",
            ),
            models.Index(fields=["state_name"], name="task_run_state_name"),
            models.Index(fields=["flow_run", "expected_start_time"], name="task_run_flow_run"),
            models.Index(fields=["expected_start_time", "id"], name="task_run_expected"),
            models.Index(fields=["next_scheduled_start_time"], name="task_run_next"),
            models.Index(fields=["end_time"], name="task_run_ended"),
            models.Index(fields=["end_time"], name="task_run_ended_alone", condition=Q(flow_run=None)),
            models.Index(fields=["name"], name="task_run_name"),
            models.Index(
                fields=["error_fingerprint", "end_time"],
                name="task_run_error",
                condition=Q(error_fingerprint__isnull=False),
            ),
        ]


class TaskRunTag(models.Model):
    """One tag of one task run, so that a rare tag is found without reading every run."""

    task_run = models.ForeignKey(TaskRun, on_delete=models.CASCADE, related_name="tag_rows")
    tag = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tag", "task_run"], name="task_run_tag")]
