from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q

from orchestrator.contract.ids import uuid7


class ClaimQuerySet(models.QuerySet):
    def held(self) -> ClaimQuerySet:
        return self.filter(ended_at=None)

    def expired(self, at: datetime) -> ClaimQuerySet:
        """Held on paper, but not renewed in time: whoever held them is gone."""
        return self.held().filter(lease_expires_at__lt=at)

    def of_worker(self, worker_name: str, *, pool_name: str) -> ClaimQuerySet:
        """A worker is known by its name within its pool."""
        return self.filter(worker_name=worker_name, flow_run__work_queue__work_pool__name=pool_name)

    def revoke(self, *, reason: str, at: datetime) -> int:
        """End what is held; its holder learns of it when it next renews. Returns how many ended."""
        return self.held().update(ended_at=at, outcome=Claim.Outcome.REVOKED, reason=reason)


class Claim(models.Model):
    """A worker's right to execute a run, once. It lasts while the worker renews it.

    A run has at most one held claim, and each claim of a run is one attempt. Renewing touches this row alone,
    never the run's.
    """

    class Outcome(models.TextChoices):
        FINISHED = "finished"  # the holder executed the run to its end
        LOST = "lost"  # the holder died or stopped renewing
        HANDED_BACK = "handed_back"  # the holder was told to stop, and nothing broke
        REVOKED = "revoked"  # the run was ended or taken away by somebody else

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    flow_run = models.ForeignKey("runs.FlowRun", on_delete=models.CASCADE, related_name="claims", db_index=False)
    attempt = models.PositiveIntegerField(help_text="1 for the first claim of the run.")
    worker_name = models.TextField()
    process_id = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="Of the process on the worker's host that executes the run."
    )
    claimed_at = models.DateTimeField()
    lease_expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=16, null=True, blank=True, choices=Outcome.choices)
    reason = models.TextField(null=True, blank=True)

    objects = ClaimQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["flow_run"], name="claim_held_once", condition=Q(ended_at=None)),
            models.UniqueConstraint(fields=["flow_run", "attempt"], name="claim_attempt"),
        ]
        indexes = [models.Index(fields=["lease_expires_at"], name="claim_lease", condition=Q(ended_at=None))]

    @property
    def infrastructure_pid(self) -> str:
        """How its run names what executes it."""
        return f"{self.worker_name}/{self.pk}"

    def __str__(self) -> str:
        return f"attempt {self.attempt} by {self.worker_name}"
