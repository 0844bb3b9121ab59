"""Views that people saved, in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from orchestrator.pages.models import SavedView
from orchestrator.web.admin import QuickAdmin
from orchestrator.web.admin_filters import MOST_CHOICES


class KindFilter(admin.SimpleListFilter):
    """Which list they are views of."""

    title = "list"
    parameter_name = "list_kind"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        kinds = SavedView.objects.order_by("list_kind").values_list("list_kind", flat=True).distinct()
        return [(kind, kind) for kind in kinds[:MOST_CHOICES]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[SavedView]) -> QuerySet[SavedView]:
        return queryset.filter(list_kind=self.value()) if self.value() else queryset


@admin.register(SavedView)
class SavedViewAdmin(QuickAdmin):
    """They are made and changed on their page; one that somebody left behind can be deleted here."""

    list_display = ["name", "list_kind", "owner", "is_shared", "is_pinned", "is_default", "updated"]
    list_filter = [KindFilter, "is_shared", "is_default"]
    list_select_related = ["owner"]
    search_fields = ["name", "owner__username"]
    ordering = ["list_kind", "name"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
