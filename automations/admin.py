"""Automations in the admin: switched on and off there, changed over the API."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse

from automations.models import Automation, Firing, TriggerBucket
from automations.services.automations import switch_automation
from orchestrator.web.admin import HistoryAdmin, QuickAdmin
from orchestrator.web.admin_asking import ask, reason_of, told
from orchestrator.web.admin_filters import DayFilter


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

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False  # over the API, which tells of it

    @admin.action(description="Enable…", permissions=["operate"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Automation]) -> HttpResponse | None:
        return self._switch(request, queryset, enabled=True)

    @admin.action(description="Disable…", permissions=["operate"])
    def disable(self, request: HttpRequest, queryset: QuerySet[Automation]) -> HttpResponse | None:
        return self._switch(request, queryset, enabled=False)

    def _switch(self, request: HttpRequest, queryset: QuerySet[Automation], *, enabled: bool) -> HttpResponse | None:
        word = "Enable" if enabled else "Disable"
        sentence = "What happened before now does not count." if enabled else "They wait for nothing from then on."
        asked = ask(self, request, queryset, title=f"{word} automations", sentence=sentence, button=f"{word} them")
        if asked is not None:
            return asked
        for automation in queryset.order_by("pk"):
            switch_automation(automation_id=automation.pk, enabled=enabled)
            self.log_change(request, automation, told(f"{word}d", reason_of(request)))
        self.message_user(request, sentence, messages.SUCCESS)
        return None


@admin.register(Firing)
class FiringAdmin(HistoryAdmin):
    list_display = ["automation", "fired_at", "done_at"]
    list_filter = [("fired_at", DayFilter)]
    list_select_related = ["automation"]
    search_fields = ["automation__name"]
    ordering = ["-id"]


@admin.register(TriggerBucket)
class TriggerBucketAdmin(HistoryAdmin):
    list_display = ["automation", "count", "start", "end", "fired"]
    list_filter = ["fired"]
    list_select_related = ["automation"]
    search_fields = ["automation__name"]
    ordering = ["end"]
