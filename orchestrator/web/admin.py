"""What every list in the admin shares: lists that stay quick on large tables, and history that nobody edits."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet, UUIDField
from django.forms import BaseInlineFormSet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orchestrator.web.admin_columns import linked, page_link, sorts_quickly
from orchestrator.web.admin_export import export_selected
from orchestrator.web.models import WebPulse

MOST_INLINE = 50  # rows of a history that stand in the page of what they belong to
MOST_SEARCHED = 20_000  # rows of a large table in which words are looked for
MOST_COUNTED = 10_000  # rows; counting all of a large table takes longer than showing any of it

admin.site.site_header = "Orchestrator"
admin.site.site_title = "Orchestrator admin"
admin.site.index_title = "Inspect and repair"
admin.site.site_url = f"{settings.URL_PREFIX}/runs/"


def capped(rows: QuerySet[Any]) -> str:
    """How many there are, in words: "10,000+" beyond what is counted."""
    number = rows.order_by()[: MOST_COUNTED + 1].count()
    return f"{number:,}" if number <= MOST_COUNTED else f"{MOST_COUNTED:,}+"


class CappedPaginator(Paginator):
    """Counts no further than MOST_COUNTED; what lies beyond is reached by filters and search."""

    most = f"{MOST_COUNTED:,}"

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        return rows.order_by()[:MOST_COUNTED].count() if isinstance(rows, QuerySet) else len(rows)

    @property
    def is_cut(self) -> bool:
        """Whether there may be more than is counted."""
        return self.count >= MOST_COUNTED


class QuickAdmin(admin.ModelAdmin):
    """A list with a bounded number of queries. A whole identifier finds its row, whatever `search_fields` holds.

    Words are looked for in the newest MOST_SEARCHED rows by `newest_by`, a column with an index; None: in all.
    """

    newest_by: str | None = None

    list_per_page = 50
    list_max_show_all = 200
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # they count the table once for each choice
    paginator = CappedPaginator
    is_exported = True  # whether its rows may leave as a file

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """The first column leads to the row; others to the rows that they name, and the last to the row's page."""
        first, *others = self.list_display
        found = [first, *[linked(self, request, name) for name in others]]
        return [*found, page_link(self.view_on_site)] if callable(self.view_on_site) else found

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Whether actions are offered: to whoever may change such rows, be it only by the rules."""
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        if self.is_exported and "_popup" not in request.GET and self.has_operate_permission(request):
            exporting: Any = export_selected
            actions["export_selected"] = (exporting, "export_selected", "Export the selected as CSV")
        return actions

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        key = queryset.model._meta.pk
        if isinstance(getattr(key, "target_field", key), UUIDField):
            with suppress(ValueError):
                return queryset.filter(pk=UUID(search_term.strip())), False
        if search_term and self.newest_by is not None:
            queryset = self._newest(request, queryset, self.newest_by)
        return super().get_search_results(request, queryset, search_term)

    def _newest(self, request: HttpRequest, queryset: QuerySet[Any], column: str) -> QuerySet[Any]:
        places = queryset.order_by(f"-{column}").values_list(column, flat=True)
        beyond = next(iter(places[MOST_SEARCHED : MOST_SEARCHED + 1]), None)
        if beyond is None:
            return queryset
        words = f"The words were looked for in the newest {MOST_SEARCHED:,} rows that fit the filters."
        self.message_user(request, words, fail_silently=True)
        return queryset.filter(**{f"{column}__gt": beyond})


class ReadOnly:
    """For rows that tell what happened: nobody adds, changes or deletes them by hand."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class HistoryAdmin(ReadOnly, QuickAdmin):
    """A list of rows that tell what happened, of which there may be millions unless it `is_small`."""

    is_small = False

    def get_sortable_by(self, request: HttpRequest) -> list[Any]:
        if self.is_small:
            return list(self.list_display)
        return [name for name in self.list_display if sorts_quickly(self.model, str(name))]


class FirstRows(BaseInlineFormSet):
    """Not all rows of a history that may be long, but the first in its order."""

    def get_queryset(self) -> Any:
        if not hasattr(self, "_first"):
            self._first = list(super().get_queryset()[:MOST_INLINE])
        return self._first


class HistoryInline(ReadOnly, admin.TabularInline):
    """The newest rows of a history, inside the page of what they belong to; at most MOST_INLINE."""

    extra = 0
    max_num = 0
    show_change_link = True
    formset = FirstRows


def badge(tone: str, word: str) -> SafeString:
    """A word on the soft colour of a state, as on the pages. `static/admin.css` has the colours."""
    return format_html('<span class="badge tone-{}">{}</span>', tone, word)


def shown_json(value: Any) -> SafeString:
    """On several lines."""
    return format_html("<pre>{}</pre>", json.dumps(value, indent=2, ensure_ascii=False))


@admin.register(WebPulse)
class WebPulseAdmin(HistoryAdmin):
    list_display = ["id", "started_at", "last_seen"]
    ordering = ["-last_seen"]
    is_small = True
