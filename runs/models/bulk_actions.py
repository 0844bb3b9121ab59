from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from orchestrator.contract.ids import uuid7


class BulkActionQuerySet(models.QuerySet):
    def under_way(self) -> BulkActionQuerySet:
        """Neither finished nor stopped, the oldest first."""
        return self.filter(ended=None).order_by("id")


class BulkAction(models.Model):
    """One thing done to many flow runs, one after the other, and who asked for it why. What it did stays readable."""

    class Deed(models.TextChoices):
        RETRY = "retry"
        CANCEL = "cancel"
        DELETE = "delete"
        SET_STATE = "set-state"
        PAUSE = "pause"
        RESUME = "resume"
        ADD_TAG = "add-tag"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created = models.DateTimeField(auto_now_add=True)
    deed = models.CharField(max_length=16, choices=Deed.choices)
    options = models.JSONField(default=dict, blank=True, help_text="The state to set, or the tag to add.")
    reason = models.TextField(blank=True, help_text="In the words of whoever asked for it.")
    query = models.TextField(blank=True, help_text="The filter of the list, where all that match were meant.")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    asked_by_name = models.TextField(blank=True, help_text="As they were called then.")
    began = models.DateTimeField(null=True, blank=True)
    ended = models.DateTimeField(null=True, blank=True)
    stopped_by = models.TextField(blank=True, help_text="Who stopped it before its end.")
    is_stopped = models.BooleanField(default=False)
    # Counted in the transaction that does something to a run, so they are always right.
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)

    objects = BulkActionQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="bulk_action_under_way", condition=Q(ended=None)),
            models.Index(fields=["ended"], name="bulk_action_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.get_deed_display()} {self.total} runs"

    @property
    def looked_at(self) -> int:
        """Runs that it is through with."""
        return self.done + self.skipped + self.failed

    @property
    def left(self) -> int:
        return self.total - self.looked_at


class BulkActionItem(models.Model):
    """One run of a bulk action. The run may be gone since."""

    class Outcome(models.TextChoices):
        WAITING = "waiting"
        DONE = "done"
        SKIPPED = "skipped"  # it was not, or no longer, in a state for it
        FAILED = "failed"  # it was refused, or went wrong

    action = models.ForeignKey(BulkAction, on_delete=models.CASCADE, related_name="items", db_index=False)
    run_id = models.UUIDField()
    run_name = models.TextField()
    outcome = models.CharField(max_length=8, choices=Outcome.choices, default=Outcome.WAITING)
    words = models.TextField(blank=True, help_text="Why it was skipped or failed.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["action", "run_id"], name="bulk_action_item_run")]
        indexes = [models.Index(fields=["action", "outcome", "id"], name="bulk_action_item_outcome")]

    def __str__(self) -> str:
        return f"{self.run_name}: {self.outcome}"
