"""What retention deleted."""

from __future__ import annotations

from django.contrib import admin

from orchestrator.web.admin import HistoryAdmin
from orchestrator.web.admin_filters import DayFilter
from runs.models import RetentionReport


@admin.register(RetentionReport)
class RetentionReportAdmin(HistoryAdmin):
    list_display = ["at", "words", "duration_seconds"]
    list_filter = [("at", DayFilter)]
    date_hierarchy = "at"
    ordering = ["-at"]
