"""The event log in the admin: read and search, nothing else."""

from __future__ import annotations

from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from orchestrator.events.models import Asset, AssetSource, Event, RelatedResource
from orchestrator.pages.addresses import address_of, address_of_event
from orchestrator.web.admin import HistoryAdmin, HistoryInline
from orchestrator.web.admin_filters import DayFilter


class RelatedResources(HistoryInline):
    model = RelatedResource
    fields = ["role", "resource_id"]


@admin.register(Event)
class EventAdmin(HistoryAdmin):
    list_display = ["event", "resource_name", "resource_id", "occurred", "received"]
    list_filter = [("occurred", DayFilter)]
    search_fields = ["event__exact", "resource_id__exact"]
    search_help_text = "The whole name of an event, the whole identifier of a resource, or that of an event."
    ordering = ["-occurred", "-id"]
    inlines = [RelatedResources]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        return (
            super().get_queryset(request).defer("payload", "related")
            if _is_list(request)
            else super().get_queryset(request)
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Event], search_term: str
    ) -> tuple[QuerySet[Event], bool]:
        """One column at a time, each by its own index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        try:
            return queryset.filter(id=UUID(term)), False
        except ValueError:
            about = queryset.filter(resource_id=term)
            return (about if about.exists() else queryset.filter(event=term)), False

    def view_on_site(self, event: Event) -> str:
        return address_of_event(event.occurred, event.id)

    @admin.display(description="resource")
    def resource_name(self, event: Event) -> str:
        return event.resource.get("prefect.resource.name", "")


@admin.register(RelatedResource)
class RelatedResourceAdmin(HistoryAdmin):
    list_display = ["resource_id", "role", "event", "occurred"]
    list_filter = [("occurred", DayFilter)]
    list_select_related = ["event"]
    search_fields = ["resource_id__exact"]
    search_help_text = "The whole identifier of a resource."
    ordering = ["-id"]


class Sources(HistoryInline):
    model = AssetSource
    fk_name = "asset"
    fields = ["source", "last_at"]
    verbose_name_plural = "what it is made from"


class Products(HistoryInline):
    model = AssetSource
    fk_name = "source"
    fields = ["asset", "last_at"]
    verbose_name_plural = "what is made from it"


@admin.register(Asset)
class AssetAdmin(HistoryAdmin):
    list_display = ["key", "name", "made_at", "failed_at", "mentioned_at", "tool"]
    list_filter = ["made_at", "failed_at", ("made_at", admin.EmptyFieldListFilter)]
    search_fields = ["key", "name"]
    ordering = ["-mentioned_at"]
    inlines = [Sources, Products]

    def view_on_site(self, asset: Asset) -> str:
        return address_of("asset", asset.key)


@admin.register(AssetSource)
class AssetSourceAdmin(HistoryAdmin):
    list_display = ["asset", "source", "last_at"]
    list_select_related = ["asset", "source"]
    search_fields = ["asset__key", "source__key"]
    ordering = ["-id"]


def _is_list(request: HttpRequest) -> bool:
    return bool(request.resolver_match and (request.resolver_match.url_name or "").endswith("_changelist"))
