"""Automations in the admin: switched on and off there, changed over the API."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from automations.models import Automation, Firing, TriggerBucket
from automations.services.automations import switch_automation
from automations.shown_actions import shown_actions
from orchestrator.pages.addresses import address_of
from orchestrator.web.admin import HistoryAdmin, QuickAdmin, shown_json
from orchestrator.web.admin_asking import ask, reason_of, told


@admin.register(Automation)
class AutomationAdmin(QuickAdmin):
    list_display = ["name", "enabled", "description", "updated"]
    list_filter = ["enabled"]
    search_fields = ["name"]
    ordering = ["name"]
    actions = ["enable", "disable"]
    exclude = ["actions", "actions_on_trigger", "actions_on_resolve"]  # shown without secrets

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Automation | None = None) -> list[str]:
        plain = [field.name for field in Automation._meta.fields if field.name not in self.exclude]
        return [*plain, "always", "on_trigger", "on_resolve"]

    def view_on_site(self, automation: Automation) -> str:
        return address_of("automation", automation.pk)

    @admin.display(description="actions")
    def always(self, automation: Automation) -> SafeString:
        return shown_json(shown_actions(automation.actions))

    @admin.display(description="actions on trigger")
    def on_trigger(self, automation: Automation) -> SafeString:
        return shown_json(shown_actions(automation.actions_on_trigger))

    @admin.display(description="actions on resolve")
    def on_resolve(self, automation: Automation) -> SafeString:
        return shown_json(shown_actions(automation.actions_on_resolve))

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
    date_hierarchy = "fired_at"
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
