"""Automations in the admin: switched on and off there, changed over the API."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from automations.models import Automation, Firing, TriggerBucket
from automations.services.automations import switch_automation
from orchestrator.web.admin import HistoryAdmin, QuickAdmin


@admin.register(Automation)
class AutomationAdmin(QuickAdmin):
    list_display = ["name", "enabled", "description", "updated"]
    list_filter = ["enabled"]
    search_fields = ["name"]
    ordering = ["name"]
    actions = ["enable", "disable"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Automation | None = None) -> list[str]:
        return [field.name for field in Automation._meta.fields]

    @admin.action(description="Enable")
    def enable(self, request: HttpRequest, queryset: QuerySet[Automation]) -> None:
        self._switch(request, queryset, enabled=True)

    @admin.action(description="Disable")
    def disable(self, request: HttpRequest, queryset: QuerySet[Automation]) -> None:
        self._switch(request, queryset, enabled=False)

    def _switch(self, request: HttpRequest, queryset: QuerySet[Automation], *, enabled: bool) -> None:
        for automation_id in queryset.order_by("pk").values_list("pk", flat=True):
            switch_automation(automation_id=automation_id, enabled=enabled)
        self.message_user(
            request, "What happened before now does not count." if enabled else "They wait for nothing now."
        )


@admin.register(Firing)
class FiringAdmin(HistoryAdmin):
    list_display = ["automation", "fired_at", "done_at"]
    list_select_related = ["automation"]
    ordering = ["-id"]


@admin.register(TriggerBucket)
class TriggerBucketAdmin(HistoryAdmin):
    list_display = ["automation", "count", "start", "end", "fired"]
    list_select_related = ["automation"]
    ordering = ["end"]
