"""What every list in the admin shares: lists that stay quick on large tables, and history that nobody edits."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet, UUIDField
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orchestrator.web.models import WebPulse

MOST_COUNTED = 10_000  # rows; counting all of a large table takes longer than showing any of it

admin.site.site_header = "Orchestrator"
admin.site.site_title = "Orchestrator admin"
admin.site.index_title = "Inspect and repair"
admin.site.site_url = f"{settings.URL_PREFIX}/runs/"


class CappedPaginator(Paginator):
    """Counts no further than MOST_COUNTED; what lies beyond is reached by filters and search."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        return rows.order_by()[:MOST_COUNTED].count() if isinstance(rows, QuerySet) else len(rows)


class QuickAdmin(admin.ModelAdmin):
    """A list with a bounded number of queries. A whole identifier finds its row, whatever `search_fields` holds."""

    list_per_page = 50
    list_max_show_all = 200
    show_full_result_count = False
    paginator = CappedPaginator

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        key = queryset.model._meta.pk
        if not isinstance(getattr(key, "target_field", key), UUIDField):
            return super().get_search_results(request, queryset, search_term)
        try:
            return queryset.filter(pk=UUID(search_term.strip())), False
        except ValueError:
            return super().get_search_results(request, queryset, search_term)


class ReadOnly:
    """For rows that tell what happened: nobody adds, changes or deletes them by hand."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class HistoryAdmin(ReadOnly, QuickAdmin):
    """A list of rows that tell what happened."""


class HistoryInline(ReadOnly, admin.TabularInline):
    """The newest rows of a history, inside the page of what they belong to."""

    extra = 0
    max_num = 0
    show_change_link = True


def badge(tone: str, word: str) -> SafeString:
    """A word on the soft colour of a state, as on the pages. `static/admin.css` has the colours."""
    return format_html('<span class="badge tone-{}">{}</span>', tone, word)


@admin.register(WebPulse)
class WebPulseAdmin(HistoryAdmin):
    list_display = ["id", "started_at", "last_seen"]
    ordering = ["-last_seen"]
