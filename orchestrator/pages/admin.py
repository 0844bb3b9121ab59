"""Views that people saved, in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from orchestrator.pages.models import SavedView
from orchestrator.web.admin import QuickAdmin


@admin.register(SavedView)
class SavedViewAdmin(QuickAdmin):
    """They are made and changed on their page; one that somebody left behind can be deleted here."""

    list_display = ["name", "list_kind", "owner", "is_shared", "is_pinned", "is_default", "updated"]
    list_filter = ["list_kind", "is_shared", "is_default"]
    list_select_related = ["owner"]
    search_fields = ["name", "owner__username"]
    ordering = ["list_kind", "name"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
