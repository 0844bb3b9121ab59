from __future__ import annotations

from django.db import models

from orchestrator.contract.ids import uuid7


class TriggerBucket(models.Model):
    """What one trigger has counted in its present window, for each combination of what it distinguishes."""

    automation = models.ForeignKey("automations.Automation", on_delete=models.CASCADE, related_name="buckets")
    trigger_id = models.UUIDField()
    key_digest = models.CharField(max_length=64, help_text="SHA-256 of the values by which the trigger distinguishes.")
    start = models.DateTimeField()
    end = models.DateTimeField(db_index=True)
    count = models.IntegerField(default=0)
    fired = models.BooleanField(default=False, help_text="Nothing more is counted before the window ends.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["trigger_id", "key_digest"], name="trigger_bucket")]

    def __str__(self) -> str:
        return f"{self.count} until {self.end:%Y-%m-%d %H:%M:%S}"


class TriggerPosition(models.Model):
    """How far the event log has been shown to the triggers. There is one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    sequence = models.BigIntegerField(help_text="Of the last event that every trigger has seen.")

    def __str__(self) -> str:
        return str(self.sequence)


class FiringQuerySet(models.QuerySet):
    def waiting(self) -> FiringQuerySet:
        """Those whose actions have not all been done, oldest first."""
        return self.filter(done_at=None).order_by("id")


class Firing(models.Model):
    """A trigger fired: the actions are still to be done, or were."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    automation = models.ForeignKey("automations.Automation", on_delete=models.CASCADE, related_name="firings")
    fired_at = models.DateTimeField()
    event = models.JSONField(help_text="The one that made it fire, as the API answers it.")
    labels = models.JSONField(default=dict, help_text="The values by which the trigger distinguishes.")
    done_at = models.DateTimeField(null=True, blank=True)

    objects = FiringQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="firing_waiting", condition=models.Q(done_at=None)),
            models.Index(fields=["done_at"], name="firing_done"),
        ]

    def __str__(self) -> str:
        return f"{self.automation_id} at {self.fired_at:%Y-%m-%d %H:%M:%S}"
