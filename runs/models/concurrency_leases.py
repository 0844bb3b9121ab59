from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import models
from django.db.models import Q, Sum
from django.utils import timezone

from orchestrator.contract.ids import uuid7


class ConcurrencyLeaseQuerySet(models.QuerySet):
    def live(self, at: datetime) -> ConcurrencyLeaseQuerySet:
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=at))

    def expired(self, at: datetime) -> ConcurrencyLeaseQuerySet:
        return self.filter(expires_at__lte=at)

    def of_task_run(self, task_run_id: UUID) -> ConcurrencyLeaseQuerySet:
        """Those that the task run itself holds, whoever took them in its name."""
        return self.filter(holder_type=ConcurrencyLease.HolderType.TASK_RUN, holder_id=task_run_id)


class ConcurrencyLease(models.Model):
    """Somebody's right to slots of some limits, for as long as it is renewed.

    A lease that is taken for a run by the rules ends with that run's work, and with the run itself.
    """

    class HolderType(models.TextChoices):
        FLOW_RUN = "flow_run"
        TASK_RUN = "task_run"
        DEPLOYMENT = "deployment"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    taken_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: it lasts as long as its run does.")
    # As the holder told it; nothing of that name need exist.
    holder_type = models.CharField(max_length=16, null=True, blank=True, choices=HolderType.choices)
    holder_id = models.UUIDField(null=True, blank=True)
    # For which run the rules took it.
    flow_run = models.ForeignKey(
        "runs.FlowRun", null=True, blank=True, on_delete=models.CASCADE, related_name="concurrency_leases"
    )
    task_run = models.ForeignKey(
        "runs.TaskRun", null=True, blank=True, on_delete=models.CASCADE, related_name="concurrency_leases"
    )

    objects = ConcurrencyLeaseQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["expires_at"], name="lease_expires"),
            models.Index(fields=["holder_id"], name="lease_holder", condition=Q(holder_id__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.holder_type} {self.holder_id}" if self.holder_id else str(self.id)

    def holder(self) -> tuple[str | None, UUID | None]:
        """What has it, and its identifier. Taken by the rules for a run, it is that run's, whatever else it says."""
        if self.task_run_id:
            return self.HolderType.TASK_RUN.value, self.task_run_id
        if self.flow_run_id:
            return self.HolderType.FLOW_RUN.value, self.flow_run_id
        return self.holder_type, self.holder_id


class ConcurrencySlotQuerySet(models.QuerySet):
    def live(self, at: datetime) -> ConcurrencySlotQuerySet:
        return self.filter(Q(lease__expires_at=None) | Q(lease__expires_at__gt=at))

    def in_use(self, limit_ids: Iterable[UUID], at: datetime) -> dict[UUID, int]:
        """For each limit the slots of live leases that are not in its count; limits without any are left out."""
        rows = self.live(at).filter(limit__in=list(limit_ids), counted=False)
        return dict(rows.order_by().values_list("limit").annotate(Sum("slots")))


class ConcurrencySlot(models.Model):
    """What a lease holds of one limit."""

    lease = models.ForeignKey(ConcurrencyLease, on_delete=models.CASCADE, related_name="slots")
    limit = models.ForeignKey("runs.ConcurrencyLimit", on_delete=models.CASCADE, related_name="leased_slots")
    slots = models.PositiveIntegerField()
    counted = models.BooleanField(default=False, help_text="They are part of the limit's count, and decay with it.")

    objects = ConcurrencySlotQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["limit", "lease"], name="slot_of_lease")]

    def __str__(self) -> str:
        return f"{self.slots} of {self.limit_id}"
