"""What services are going to do."""

from __future__ import annotations

from django.contrib import admin

from orchestrator.web.admin import HistoryAdmin
from runs.models import Leftover, StateDeadline


@admin.register(StateDeadline)
class StateDeadlineAdmin(HistoryAdmin):
    list_display = ["flow_run", "kind", "at"]
    list_filter = ["kind"]
    list_select_related = ["flow_run"]
    search_fields = ["kind"]
    ordering = ["at"]


@admin.register(Leftover)
class LeftoverAdmin(HistoryAdmin):
    list_display = ["run_id", "kind", "deleted_at", "due_at"]
    list_filter = ["kind"]
    search_fields = ["kind"]
    ordering = ["due_at"]
