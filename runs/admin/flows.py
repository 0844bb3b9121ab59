"""Flows."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from orchestrator.pages.addresses import address_of
from orchestrator.web.admin import QuickAdmin
from runs.models import Flow


@admin.register(Flow)
class FlowAdmin(QuickAdmin):
    """A flow's tags and labels can be corrected. Deleting one would delete its runs, so that is not offered."""

    list_display = ["name", "created", "tags"]
    search_fields = ["name"]
    ordering = ["-created"]
    fields = ["name", "tags", "labels", "created", "updated"]
    readonly_fields = ["name", "created", "updated"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def view_on_site(self, flow: Flow) -> str:
        return address_of("flow", flow.pk)
