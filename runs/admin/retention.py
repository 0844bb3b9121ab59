"""What retention deleted."""

from __future__ import annotations

from django.contrib import admin

from orchestrator.web.admin import HistoryAdmin
from runs.models import RetentionReport


@admin.register(RetentionReport)
class RetentionReportAdmin(HistoryAdmin):
    list_display = ["at", "words", "duration_seconds"]
    date_hierarchy = "at"
    ordering = ["-at"]
