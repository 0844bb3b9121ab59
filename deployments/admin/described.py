"""What the lists of deployments and of what executes them share."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.safestring import SafeString

from deployments.models import Deployment, WorkPool, WorkQueue
from orchestrator.web.admin import QuickAdmin, badge

TONES = {"READY": "completed", "NOT_READY": "late", "PAUSED": "paused", "ONLINE": "completed", "OFFLINE": "crashed"}


class DescribedAdmin(QuickAdmin):
    """All columns are shown; only those in `editable` can be changed."""

    editable: list[str] = []

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return [field.name for field in self.model._meta.fields if field.name not in self.editable]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @admin.display(description="status", ordering="status")
    def status_word(self, row: Deployment | WorkPool | WorkQueue) -> SafeString:
        return badge(TONES[row.status], row.get_status_display()) if row.status else badge("late", "No status")
