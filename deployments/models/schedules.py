from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone

from runs.models.base import Record

LONGEST_SLEEP = timedelta(days=1)  # between two looks at a schedule


class DeploymentScheduleQuerySet(models.QuerySet):
    def active(self) -> DeploymentScheduleQuerySet:
        return self.filter(active=True)

    def due(self, at: datetime) -> DeploymentScheduleQuerySet:
        """To be looked at by the scheduler."""
        return self.filter(plan_at__lte=at)

    def put_off_beyond(self, at: datetime) -> DeploymentScheduleQuerySet:
        return self.filter(plan_at__gt=at)

    def newest_first(self) -> DeploymentScheduleQuerySet:
        """The one that was changed last comes first."""
        return self.order_by("-updated", "-id")


class DeploymentSchedule(Record):
    """When a deployment runs by itself. `services/schedule_times.py` reads what `schedule` says."""

    deployment = models.ForeignKey("deployments.Deployment", on_delete=models.CASCADE, related_name="schedules")
    schedule = models.JSONField(help_text="Of one of the three kinds, with the key interval, cron or rrule.")
    active = models.BooleanField(default=True)
    paused_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="When it was switched off.")
    paused_by = models.JSONField(null=True, blank=True, editable=False, help_text="Who did that, if it is known.")
    slug = models.TextField(null=True, blank=True, help_text="Names the schedule within its deployment.")
    parameters = models.JSONField(default=dict, blank=True, help_text="Laid over the deployment's own.")
    max_scheduled_runs = models.PositiveIntegerField(null=True, blank=True)

    # The small index by which the scheduler works, so that it never reads runs.
    plan_at = models.DateTimeField(
        default=timezone.now,
        null=True,
        editable=False,
        help_text="When the scheduler looks at it again; empty: not before it changes.",
    )
    planned_until = models.DateTimeField(
        null=True, editable=False, help_text="The last time for which a run is planned; empty: none is."
    )
    next_time = models.DateTimeField(null=True, editable=False, help_text="The first time for which none is planned.")
    problem = models.TextField(default="", blank=True, editable=False, help_text="Why its times cannot be worked out.")
    failures = models.PositiveIntegerField(default=0, editable=False, help_text="How often in a row they could not.")

    objects = DeploymentScheduleQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["deployment", "slug"], name="deployment_schedule_slug")]
        indexes = [
            models.Index(fields=["-updated"], name="deployment_schedule_updated"),
            models.Index(fields=["plan_at"], name="deployment_schedule_plan_at", condition=Q(plan_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.slug or self.kind

    @property
    def kind(self) -> str:
        """`CronSchedule`, `IntervalSchedule` or `RRuleSchedule`, as clients of the contract call them."""
        if "cron" in self.schedule:
            return "CronSchedule"
        return "IntervalSchedule" if "interval" in self.schedule else "RRuleSchedule"

    @property
    def is_paused(self) -> bool:
        return not self.active
