"""The event log in the admin: read and search, nothing else."""

from __future__ import annotations

from uuid import UUID

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from orchestrator.events.emit import emit_again
from orchestrator.events.models import Asset, AssetSource, Event, RelatedResource
from orchestrator.pages.addresses import address_of, address_of_event
from orchestrator.web.admin import HistoryAdmin, HistoryInline
from orchestrator.web.admin_asking import ask, reason_of, told

MOST_AT_ONCE = 100  # events that one action repeats


class RelatedResources(HistoryInline):
    model = RelatedResource
    fields = ["role", "resource_id"]


@admin.register(Event)
class EventAdmin(HistoryAdmin):
    list_display = ["event", "resource_name", "resource_id", "occurred", "received"]
    date_hierarchy = "occurred"
    search_fields = ["event__exact", "resource_id__exact"]
    search_help_text = "The whole name of an event, the whole identifier of a resource, or that of an event."
    ordering = ["-occurred", "-id"]
    inlines = [RelatedResources]
    actions = ["emit_again"]

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

    @admin.action(description="Emit again…", permissions=["operate"])
    def emit_again(self, request: HttpRequest, events: QuerySet[Event]) -> HttpResponse | None:
        title = "Emit again"
        sentence = (
            "Each is written once more, with the time of now, as an event that follows the old one. "
            "Automations that wait for such events see it; nothing else of what happened then happens again."
        )
        asked = ask(self, request, events, title=title, sentence=sentence, button=title)
        if asked is not None:
            return asked
        found = list(events.order_by("occurred", "id")[: MOST_AT_ONCE + 1])
        with transaction.atomic():
            for event in found[:MOST_AT_ONCE]:
                made = emit_again(event)
                self.log_change(request, event, told(f"Emitted again as {made.id}", reason_of(request)))
        more = f" At most {MOST_AT_ONCE} at once; choose fewer." if len(found) > MOST_AT_ONCE else ""
        self.message_user(request, f"{len(found[:MOST_AT_ONCE])} emitted again.{more}", messages.SUCCESS)
        return None

    @admin.display(description="resource")
    def resource_name(self, event: Event) -> str:
        return event.resource.get("prefect.resource.name", "")


@admin.register(RelatedResource)
class RelatedResourceAdmin(HistoryAdmin):
    list_display = ["resource_id", "role", "event", "occurred"]
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
    newest_by = "id"
    ordering = ["-id"]


def _is_list(request: HttpRequest) -> bool:
    return bool(request.resolver_match and (request.resolver_match.url_name or "").endswith("_changelist"))
