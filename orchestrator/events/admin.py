"""The event log in the admin: read and search, nothing else."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from orchestrator.events.models import Event, RelatedResource
from orchestrator.web.admin import HistoryAdmin, HistoryInline


class RelatedResources(HistoryInline):
    model = RelatedResource
    fields = ["role", "resource_id"]


@admin.register(Event)
class EventAdmin(HistoryAdmin):
    list_display = ["event", "resource_name", "resource_id", "occurred", "received"]
    list_filter = ["occurred"]
    search_fields = ["event__startswith", "resource_id__startswith"]
    ordering = ["-sequence"]
    inlines = [RelatedResources]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        return (
            super().get_queryset(request).defer("payload", "related")
            if _is_list(request)
            else super().get_queryset(request)
        )

    @admin.display(description="resource")
    def resource_name(self, event: Event) -> str:
        return event.resource.get("prefect.resource.name", "")


@admin.register(RelatedResource)
class RelatedResourceAdmin(HistoryAdmin):
    list_display = ["resource_id", "role", "event", "occurred"]
    list_filter = ["role", "occurred"]
    list_select_related = ["event"]
    search_fields = ["resource_id__startswith"]
    ordering = ["-id"]


def _is_list(request: HttpRequest) -> bool:
    return bool(request.resolver_match and (request.resolver_match.url_name or "").endswith("_changelist"))
