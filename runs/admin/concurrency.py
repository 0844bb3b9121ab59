"""Concurrency limits, and who holds their slots."""

from __future__ import annotations

from datetime import datetime

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from orchestrator.contract.times import now
from orchestrator.pages.addresses import address_of
from orchestrator.web.admin import HistoryAdmin, HistoryInline
from orchestrator.web.admin_asking import ask, reason_of, told
from runs.errors import ConcurrencyLimitNotFound
from runs.models import ConcurrencyLease, ConcurrencyLimit, ConcurrencySlot, SlotWait
from runs.services.concurrency_releases import free_all_slots

MOST_NAMED = 20  # limits that the question names


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
    is_small = True
    inlines = [HoldersInline]
    actions = ["release"]

    def view_on_site(self, limit: ConcurrencyLimit) -> str:
        return address_of("concurrency-limit", limit.pk)

    @admin.action(description="Release all slots…", permissions=["operate"])
    def release(self, request: HttpRequest, limits: QuerySet[ConcurrencyLimit]) -> HttpResponse | None:
        rows = [(limit.name, f"{self.in_use(limit)} of {limit.limit} in use") for limit in limits[:MOST_NAMED]]
        sentence = "Whoever holds slots loses them and is not stopped, so more may run at once than the limit allows."
        title = "Release all slots"
        asked = ask(self, request, limits, title=title, sentence=sentence, button=title, rows=rows, examples=())
        if asked is not None:
            return asked
        author = {"id": str(request.user.pk), "type": "USER", "display_value": str(request.user)}
        freed = 0
        for limit in limits:
            try:
                freed += free_all_slots(limit_id=limit.pk, author=author, reason=reason_of(request))
            except ConcurrencyLimitNotFound:
                continue  # it was deleted just now
            self.log_change(request, limit, told("All slots released", reason_of(request)))
        self.message_user(request, f"{freed} slot{'' if freed == 1 else 's'} released.", messages.SUCCESS)
        return None

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
    newest_by = "id"
    inlines = [HeldInline]


@admin.register(ConcurrencySlot)
class ConcurrencySlotAdmin(HistoryAdmin):
    list_display = ["limit", "slots", "lease", "counted"]
    list_select_related = ["limit", "lease"]
    search_fields = ["limit__name"]
    ordering = ["-id"]


@admin.register(SlotWait)
class SlotWaitAdmin(HistoryAdmin):
    list_display = ["limit", "slots", "__str__", "since", "asked_at", "again_at"]
    list_filter = ["holder_type"]
    list_select_related = ["limit"]
    search_fields = ["limit__name", "holder_id"]
    ordering = ["-id"]
