"""Users and API keys in the admin. Whoever makes a key here sees it this once."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import UserAdmin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orchestrator.accounts.models import ApiKey, CsrfToken, User, digest_of, make_key
from orchestrator.web.admin import HistoryAdmin, QuickAdmin, badge
from orchestrator.web.admin_asking import ask, reason_of, told

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
    is_exported = False

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

    @admin.action(description="Revoke…", permissions=["operate"])
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> HttpResponse | None:
        sentence = "Programs that use these keys are refused from then on. A revoked key cannot be used again."
        asked = ask(self, request, keys, title="Revoke API keys", sentence=sentence, button="Revoke them")
        if asked is not None:
            return asked
        usable = list(keys.filter(revoked_at=None))
        ApiKey.objects.filter(pk__in=[key.pk for key in usable], revoked_at=None).update(revoked_at=timezone.now())
        for key in usable:
            self.log_change(request, key, told("Revoked", reason_of(request)))
        self.message_user(request, f"{len(usable)} key{'' if len(usable) == 1 else 's'} revoked.", messages.SUCCESS)
        return None


@admin.register(CsrfToken)
class CsrfTokenAdmin(HistoryAdmin):
    list_display = ["client", "created", "updated", "expires_at"]
    search_fields = ["client"]
    ordering = ["-expires_at"]
    exclude = ["digest"]
    is_exported = False


@admin.register(LogEntry)
class LogEntryAdmin(HistoryAdmin):
    """Who did what in the admin, and the reason where one was given."""

    list_display = ["action_time", "user", "content_type", "object_repr", "change_words"]
    list_filter = ["action_flag"]
    list_select_related = ["user", "content_type"]
    search_fields = ["object_repr", "change_message", "user__username"]
    date_hierarchy = "action_time"
    ordering = ["-id"]

    @admin.display(description="what")
    def change_words(self, entry: LogEntry) -> str:
        return entry.get_change_message() or entry.get_action_flag_display()
