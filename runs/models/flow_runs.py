from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact

from orchestrator.contract.states import StateType
from runs.models.run import Run, RunQuerySet


def text_of(path: str) -> Coalesce:
    """What a JSON column has under a key, as text; empty where it has nothing."""
    return Coalesce(KT(path), Value(""), output_field=models.TextField())


class FlowRunQuerySet(RunQuerySet):
    def scheduled(self) -> FlowRunQuerySet:
        return self.filter(state_type=StateType.SCHEDULED)

    def not_begun(self) -> FlowRunQuerySet:
        """Scheduled for the first time: those that wait for a retry have begun."""
        return self.scheduled().filter(run_count=0)

    def open_to_workers(self) -> FlowRunQuerySet:
        """Without those that wait for a retry in the process that already has them."""
        return self.exclude(Exact(text_of("empirical_policy__retry_type"), Value("in_process")))

    def due(self, at: datetime) -> FlowRunQuerySet:
        """Scheduled for `at` or earlier, for any worker to begin."""
        return self.scheduled().open_to_workers().filter(next_scheduled_start_time__lte=at)

    def newer_of_schedules(self, due: Any, at: datetime) -> FlowRunQuerySet:
        """Planned by schedules for times after `due`, up to `at`; `planned_by` is the schedule of each, as text.

        With a deployment, nothing is read that is older than `due`: by the index of the deployment's runs.
        """
        rows = self.alias(sort_time=Coalesce("start_time", "expected_start_time"), planned_by=text_of("created_by__id"))
        return rows.filter(
            sort_time__gt=due, expected_start_time__gt=due, expected_start_time__lte=at, auto_scheduled=True
        )

    def top_level(self) -> FlowRunQuerySet:
        return self.filter(parent_task_run=None)


class FlowRun(Run):
    """One execution of a flow, from the moment it is planned."""

    # Without an index of its own, as are all keys of runs, states and claims whose column another one begins with.
    flow = models.ForeignKey("runs.Flow", on_delete=models.CASCADE, related_name="runs", db_index=False)
    flow_version = models.TextField(null=True, blank=True)
    # A deleted deployment or queue leaves its past runs as they are, identifiers included.
    deployment = models.ForeignKey(
        "deployments.Deployment",
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="runs",
        db_index=False,
    )
    deployment_version = models.TextField(null=True, blank=True)
    work_queue = models.ForeignKey(
        "deployments.WorkQueue", null=True, blank=True, on_delete=models.SET_NULL, related_name="runs"
    )
    work_queue_name = models.TextField(null=True, blank=True)
    # Few runs have a parent, so its index leaves out those that have none: else SQLite reads it for "no parent".
    parent_task_run = models.ForeignKey(
        "runs.TaskRun", null=True, blank=True, on_delete=models.SET_NULL, related_name="child_flow_runs", db_index=False
    )
    parameters = models.JSONField(default=dict, blank=True)
    context = models.JSONField(default=dict, blank=True)
    job_variables = models.JSONField(null=True, blank=True)
    idempotency_key = models.TextField(null=True, blank=True)
    auto_scheduled = models.BooleanField(default=False)
    infrastructure_document_id = models.UUIDField(null=True, blank=True)
    infrastructure_pid = models.TextField(null=True, blank=True)
    created_by = models.JSONField(null=True, blank=True)

    objects = FlowRunQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["flow", "idempotency_key"], name="flow_run_idempotency")]
        indexes = [
            models.Index(
                Coalesce("start_time", "expected_start_time").desc(), models.F("id").desc(), name="flow_run_newest"
            ),
            # Both times stand in it once more, so that runs of a state and a span are counted without reading them.
            models.Index(
                "state_type",
                Coalesce("start_time", "expected_start_time").desc(),
                "start_time",
                "expected_start_time",
                name="flow_run_state_times",
            ),
            models.Index(fields=["state_name"], name="flow_run_state_name"),
            models.Index("flow", Coalesce("start_time", "expected_start_time").desc(), name="flow_run_flow"),
            models.Index(
                "deployment", Coalesce("start_time", "expected_start_time").desc(), name="flow_run_deployment"
            ),
            models.Index(fields=["expected_start_time", "id"], name="flow_run_expected"),
            models.Index(fields=["end_time"], name="flow_run_ended"),
            models.Index(
                fields=["parent_task_run"], name="flow_run_parent", condition=Q(parent_task_run__isnull=False)
            ),
            models.Index(fields=["name"], name="flow_run_name"),
            models.Index(
                fields=["error_fingerprint", "end_time"],
                name="flow_run_error",
                condition=Q(error_fingerprint__isnull=False),
            ),
            # The state stands in those of planned runs, too. SQLite knows no figures about the table, and takes the
            # index of which it can use most columns: else that of all runs in a state, to read every planned run each
            # second.
            models.Index(
                fields=["state_type", "next_scheduled_start_time"],
                name="flow_run_due",
                condition=Q(state_type=StateType.SCHEDULED.value),
            ),
            models.Index(
                fields=["state_type", "deployment", "next_scheduled_start_time"],
                name="flow_run_planned",
                condition=Q(state_type=StateType.SCHEDULED.value, deployment__isnull=False),
            ),
            models.Index(
                fields=["state_type", "state_name", "next_scheduled_start_time"],
                name="flow_run_not_marked_late",
                condition=Q(state_type=StateType.SCHEDULED.value),
            ),
            models.Index(
                fields=["state_type", "flow", "next_scheduled_start_time"],
                name="flow_run_next_of_flow",
                condition=Q(state_type=StateType.SCHEDULED.value),
            ),
        ]


class FlowRunTag(models.Model):
    """One tag of one run, so that a rare tag is found without reading every run."""

    flow_run = models.ForeignKey(FlowRun, on_delete=models.CASCADE, related_name="tag_rows")
    tag = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tag", "flow_run"], name="flow_run_tag")]
