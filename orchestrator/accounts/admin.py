"""Users and API keys in the admin. Whoever makes a key here sees it this once."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orchestrator.accounts.models import ApiKey, CsrfToken, User, digest_of, make_key
from orchestrator.web.admin import HistoryAdmin, QuickAdmin, badge

admin.site.register(User, UserAdmin)


@admin.register(ApiKey)
class ApiKeyAdmin(QuickAdmin):
    list_display = ["name", "usable_word", "user", "created", "last_used_at", "expires_at"]
    list_filter = [("revoked_at", admin.EmptyFieldListFilter), "created", "last_used_at"]
    list_select_related = ["user"]
    search_fields = ["name", "user__username"]
    ordering = ["-created"]
    fields = ["name", "user", "expires_at", "created", "revoked_at", "last_used_at"]
    readonly_fields = ["created", "revoked_at", "last_used_at"]
    actions = ["revoke"]

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        if not change:
            text = make_key()
            obj.digest = digest_of(text)
        super().save_model(request, obj, form, change)
        if not change:
            said = format_html("Copy the key now, it is stored nowhere: <code>{}</code>", text)
            self.message_user(request, said, messages.WARNING)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False  # a revoked key stays, so that what it did can still be told

    @admin.display(description="state")
    def usable_word(self, key: ApiKey) -> SafeString:
        if key.revoked_at is not None:
            return badge("cancelled", "Revoked")
        if key.expires_at is not None and key.expires_at <= timezone.now():
            return badge("late", "Expired")
        return badge("completed", "Usable")

    @admin.action(description="Revoke the selected keys", permissions=["change"])
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        count = keys.filter(revoked_at=None).update(revoked_at=timezone.now())
        self.message_user(request, f"{count} key{'' if count == 1 else 's'} revoked.", messages.SUCCESS)


@admin.register(CsrfToken)
class CsrfTokenAdmin(HistoryAdmin):
    list_display = ["client", "created", "updated", "expires_at"]
    search_fields = ["client"]
    ordering = ["-updated"]
    exclude = ["digest"]
