"""Log lines."""

from __future__ import annotations

import logging

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import truncatechars
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orchestrator.web.admin import HistoryAdmin, badge
from runs.models import Log

LEVELS = (10, 20, 30, 40, 50)


class LevelFilter(admin.SimpleListFilter):
    """The usual levels, each with what is worse."""

    title = "level"
    parameter_name = "least"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [(str(level), logging.getLevelName(level).capitalize()) for level in LEVELS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Log]) -> QuerySet[Log]:
        level = next((level for level in LEVELS if str(level) == self.value()), None)
        return queryset if level is None else queryset.filter(level__gte=level)


@admin.register(Log)
class LogAdmin(HistoryAdmin):
    list_display = ["timestamp", "level_word", "short_message", "name", "run_link"]
    list_filter = [LevelFilter]
    date_hierarchy = "timestamp"
    search_fields = ["message"]
    ordering = ["-timestamp", "-id"]
    newest_by = "timestamp"

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup in ("flow_run_id", "task_run_id") or super().lookup_allowed(lookup, value, request)

    @admin.display(description="level", ordering="level")
    def level_word(self, line: Log) -> SafeString:
        tone = "failed" if line.level >= 40 else "late" if line.level >= 30 else "scheduled"
        return badge(tone, line.level_name)

    @admin.display(description="message")
    def short_message(self, line: Log) -> str:
        return truncatechars(line.message, 160)

    @admin.display(description="place")
    def run_link(self, line: Log) -> SafeString | str:
        if line.flow_run_id is None:
            return ""
        return format_html(
            '<a href="{}?at={}#L{}">Open</a>',
            reverse("runs:flow-run", args=[line.flow_run_id]),
            line.id,
            line.id,
        )
