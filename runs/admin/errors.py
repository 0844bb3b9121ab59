"""What people know of errors that came more than once."""

from __future__ import annotations

from django.contrib import admin

from orchestrator.pages.addresses import address_of
from orchestrator.web.admin import HistoryAdmin
from runs.models import KnownError


@admin.register(KnownError)
class KnownErrorAdmin(HistoryAdmin):
    """Notes are written on the page of the error."""

    list_display = ["fingerprint", "note", "issue_url", "marked_by", "updated"]
    search_fields = ["fingerprint", "note", "marked_by"]
    ordering = ["-updated"]
    is_small = True

    def view_on_site(self, error: KnownError) -> str:
        return address_of("error", error.fingerprint)
