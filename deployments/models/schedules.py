from __future__ import annotations

from django.db import models

from runs.models.base import Record


class DeploymentScheduleQuerySet(models.QuerySet):
    def active(self) -> DeploymentScheduleQuerySet:
        return self.filter(active=True)

    def newest_first(self) -> DeploymentScheduleQuerySet:
        """The one that was changed last comes first."""
        return self.order_by("-updated", "-id")


class DeploymentSchedule(Record):
    """When a deployment runs by itself. `services/schedule_times.py` reads what `schedule` says."""

    deployment = models.ForeignKey("deployments.Deployment", on_delete=models.CASCADE, related_name="schedules")
    schedule = models.JSONField(help_text="Of one of the three kinds, with the key interval, cron or rrule.")
    active = models.BooleanField(default=True)
    slug = models.TextField(null=True, blank=True, help_text="Names the schedule within its deployment.")
    parameters = models.JSONField(default=dict, blank=True, help_text="Laid over the deployment's own.")
    max_scheduled_runs = models.PositiveIntegerField(null=True, blank=True)

    objects = DeploymentScheduleQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["deployment", "slug"], name="deployment_schedule_slug")]
        indexes = [models.Index(fields=["-updated"], name="deployment_schedule_updated")]

    def __str__(self) -> str:
        return self.slug or self.kind

    @property
    def kind(self) -> str:
        """`CronSchedule`, `IntervalSchedule` or `RRuleSchedule`, as clients of the contract call them."""
        if "cron" in self.schedule:
            return "CronSchedule"
        return "IntervalSchedule" if "interval" in self.schedule else "RRuleSchedule"
