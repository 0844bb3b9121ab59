"""Services in the admin: how their last runs went. Their pace is set in the rows for beat, which the list leads to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from celery import current_app
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_celery_beat.admin import PeriodicTaskAdmin
from django_celery_beat.models import PeriodicTask
from kombu.exceptions import OperationalError

from orchestrator.periodic.models import ServiceRecord
from orchestrator.periodic.registry import TASKS, UnknownService, find_service
from orchestrator.web.admin import HistoryAdmin, badge
from orchestrator.web.admin_asking import ask, reason_of, told

PATIENCE_SECONDS = 60  # for a worker that begins what was asked for


@admin.register(ServiceRecord)
class ServiceRecordAdmin(HistoryAdmin):
    list_display = [
        "name",
        "condition",
        "last_started_at",
        "last_duration_seconds",
        "last_lag_seconds",
        "last_count",
        "total_count",
        "last_error",
        "pace",
    ]
    list_filter = ["last_started_at"]
    search_fields = ["name"]
    ordering = ["name"]
    is_small = True
    actions = ["run_now"]

    @admin.action(description="Run now…", permissions=["operate"])
    def run_now(self, request: HttpRequest, records: QuerySet[ServiceRecord]) -> HttpResponse | None:
        """Outside their time. What they delete or change is what they always do, such as retention."""
        sentence = "Each is asked for one round, outside its time. A round that is under way is not begun twice."
        asked = ask(self, request, records, title="Run services now", sentence=sentence, button="Run them now")
        if asked is not None:
            return asked
        for record in records:
            try:
                service = find_service(record.name)
                current_app.send_task(service.task_name, ignore_result=True, retry=False, expires=PATIENCE_SECONDS)
            except (UnknownService, OperationalError) as error:
                self.message_user(request, f"{record.name} was not asked to run: {error}", messages.ERROR)
                continue
            self.log_change(request, record, told("Asked to run", reason_of(request)))
            self.message_user(request, f"{record.name} is asked to run.", messages.SUCCESS)
        return None

    @admin.display(description="State")
    def condition(self, record: ServiceRecord) -> SafeString:
        if record.failures_in_a_row:
            return badge("failed", f"failed {record.failures_in_a_row} times in a row")
        return badge("completed", "ok") if record.last_started_at else badge("scheduled", "not yet run")

    @admin.display(description="Pace")
    def pace(self, record: ServiceRecord) -> SafeString:
        found = reverse("admin:django_celery_beat_periodictask_changelist")
        return format_html('<a href="{}?{}">change</a>', found, f"task__exact={TASKS}{record.name}")


class BeatRowAdmin(PeriodicTaskAdmin):
    """The rows that beat goes by. The library offers its actions to whoever may look, and they change rows."""

    change_form_template = None  # the library's has a script in it, which no browser may execute here

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        if not self.has_change_permission(request):
            return {}
        found = super().get_actions(request)
        return {name: (_logged(do, name, words), name, words) for name, (do, _, words) in found.items()}


def _logged(do: Callable[..., HttpResponse | None], name: str, words: str) -> Callable[..., HttpResponse | None]:
    """The same action, which tells the log of the admin; Django's own, which deletes, does that by itself."""
    if name == "delete_selected":
        return do

    def act(model_admin: admin.ModelAdmin, request: HttpRequest, rows: QuerySet[PeriodicTask]) -> HttpResponse | None:
        found = list(rows)
        answer = do(model_admin, request, rows)
        for row in found:
            model_admin.log_change(request, row, f"{words}.")
        return answer

    return act


admin.site.unregister(PeriodicTask)
admin.site.register(PeriodicTask, BeatRowAdmin)
