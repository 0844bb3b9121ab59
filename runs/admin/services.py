"""What services are going to do, and what they go by."""

from __future__ import annotations

from django.contrib import admin

from orchestrator.web.admin import HistoryAdmin
from runs.models import Heartbeat, Leftover, Rescue, StateDeadline


@admin.register(StateDeadline)
class StateDeadlineAdmin(HistoryAdmin):
    list_display = ["flow_run", "kind", "at"]
    list_filter = ["kind"]
    list_select_related = ["flow_run"]
    search_fields = ["kind"]
    ordering = ["kind", "at"]


@admin.register(Leftover)
class LeftoverAdmin(HistoryAdmin):
    list_display = ["run_id", "kind", "deleted_at", "due_at"]
    list_filter = ["kind"]
    search_fields = ["kind"]
    ordering = ["due_at"]


@admin.register(Heartbeat)
class HeartbeatAdmin(HistoryAdmin):
    list_display = ["flow_run", "last_at", "interval_seconds", "silent_after", "host", "process_id"]
    list_select_related = ["flow_run"]
    search_fields = ["host"]
    ordering = ["silent_after"]


@admin.register(Rescue)
class RescueAdmin(HistoryAdmin):
    list_display = ["flow_run", "attempts", "last_at"]
    list_select_related = ["flow_run"]
    search_fields = ["flow_run__name"]
    ordering = ["-flow_run_id"]
