"""How many runs past hours had."""

from __future__ import annotations

from django.contrib import admin

from orchestrator.web.admin import HistoryAdmin
from runs.models import ChangedHour, HourCount


@admin.register(HourCount)
class HourCountAdmin(HistoryAdmin):
    list_display = ["hour", "kind", "total", "counted_at"]
    date_hierarchy = "hour"
    list_filter = ["kind"]
    ordering = ["-kind", "-hour"]  # backwards along the index


@admin.register(ChangedHour)
class ChangedHourAdmin(HistoryAdmin):
    list_display = ["hour", "kind"]
    list_filter = ["kind"]
    ordering = ["-kind", "-hour"]
