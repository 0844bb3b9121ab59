"""Concurrency limits, and who holds their slots."""

from __future__ import annotations

from datetime import datetime

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from orchestrator.contract.times import now
from orchestrator.web.admin import HistoryAdmin, HistoryInline
from runs.models import ConcurrencyLease, ConcurrencyLimit, ConcurrencySlot


class SlotsInline(HistoryInline):
    """Who holds what of a limit, or what a lease holds."""

    model = ConcurrencySlot
    ordering = ["-id"]

    @admin.display(description="holder")
    def holder(self, slot: ConcurrencySlot) -> str:
        return str(slot.lease)

    @admin.display(description="since")
    def taken_at(self, slot: ConcurrencySlot) -> datetime:
        return slot.lease.taken_at

    @admin.display(description="unless renewed, until")
    def expires_at(self, slot: ConcurrencySlot) -> datetime | str:
        return slot.lease.expires_at or "its run leaves it"

    def get_queryset(self, request: HttpRequest) -> QuerySet[ConcurrencySlot]:
        return super().get_queryset(request).select_related("lease", "limit")


class HoldersInline(SlotsInline):
    fields = ["slots", "holder", "taken_at", "expires_at"]
    readonly_fields = fields
    verbose_name_plural = "holders"


class HeldInline(SlotsInline):
    fields = ["limit", "slots"]
    verbose_name_plural = "slots"


@admin.register(ConcurrencyLimit)
class ConcurrencyLimitAdmin(HistoryAdmin):
    """Limits are changed over the API, which tells of it."""

    list_display = ["name", "in_use", "limit", "active", "slot_decay_per_second", "avg_slot_occupancy_seconds"]
    list_filter = ["active"]
    search_fields = ["name"]
    ordering = ["name"]
    inlines = [HoldersInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ConcurrencyLimit]:
        return super().get_queryset(request).with_leased(now())

    @admin.display(description="in use")
    def in_use(self, limit: ConcurrencyLimit) -> int:
        return limit.counted(now()) + limit.leased  # type: ignore[attr-defined]


@admin.register(ConcurrencyLease)
class ConcurrencyLeaseAdmin(HistoryAdmin):
    list_display = ["__str__", "flow_run", "task_run", "taken_at", "expires_at"]
    list_filter = ["holder_type", "taken_at"]
    list_select_related = ["flow_run", "task_run"]
    search_fields = ["holder_id"]
    ordering = ["-id"]
    inlines = [HeldInline]


@admin.register(ConcurrencySlot)
class ConcurrencySlotAdmin(HistoryAdmin):
    list_display = ["limit", "slots", "lease", "counted"]
    list_select_related = ["limit", "lease"]
    search_fields = ["limit__name"]
    ordering = ["-id"]
