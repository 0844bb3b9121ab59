"""What people do not want to be told of for a while, in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from orchestrator.dashboard.models import Snooze
from orchestrator.web.admin import QuickAdmin


@admin.register(Snooze)
class SnoozeAdmin(QuickAdmin):
    """One that is deleted is told of again."""

    list_display = ["key", "user", "until"]
    list_filter = ["until"]
    list_select_related = ["user"]
    search_fields = ["key", "user__username"]
    ordering = ["-until"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
