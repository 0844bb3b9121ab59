"""Services in the admin: how their last runs went. Their pace is set in the rows for beat, which the list leads to."""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orchestrator.periodic.models import ServiceRecord
from orchestrator.periodic.registry import TASKS
from orchestrator.web.admin import HistoryAdmin, badge


@admin.register(ServiceRecord)
class ServiceRecordAdmin(HistoryAdmin):
    list_display = [
        "name",
        "condition",
        "last_started_at",
        "last_duration_seconds",
        "last_lag_seconds",
        "last_count",
        "total_count",
        "last_error",
        "pace",
    ]
    ordering = ["name"]

    @admin.display(description="State")
    def condition(self, record: ServiceRecord) -> SafeString:
        if record.failures_in_a_row:
            return badge("failed", f"failed {record.failures_in_a_row} times in a row")
        return badge("completed", "ok") if record.last_started_at else badge("scheduled", "not yet run")

    @admin.display(description="Pace")
    def pace(self, record: ServiceRecord) -> SafeString:
        found = reverse("admin:django_celery_beat_periodictask_changelist")
        return format_html('<a href="{}?{}">change</a>', found, f"task__exact={TASKS}{record.name}")
