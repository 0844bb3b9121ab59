"""Deployments and what executes them, in the admin.

Descriptions and tags can be corrected here. What changes the work itself (pausing, limits, schedules) goes through
the API and the pages, where it is announced to whoever depends on it.
"""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from deployments.models import Deployment, DeploymentSchedule, Worker, WorkPool, WorkQueue
from orchestrator.web.admin import HistoryAdmin, HistoryInline, QuickAdmin, badge

TONES = {"READY": "completed", "NOT_READY": "late", "PAUSED": "paused", "ONLINE": "completed", "OFFLINE": "crashed"}


class DescribedAdmin(QuickAdmin):
    """All columns are shown; only those in `editable` can be changed."""

    editable: list[str] = []

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return [field.name for field in self.model._meta.fields if field.name not in self.editable]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @admin.display(description="status", ordering="status")
    def status_word(self, row: Deployment | WorkPool | WorkQueue) -> SafeString:
        return badge(TONES[row.status], row.get_status_display()) if row.status else badge("late", "No status")


class Queues(HistoryInline):
    model = WorkQueue
    fields = ["name", "priority", "status", "is_paused", "concurrency_limit", "last_polled"]
    ordering = ["priority"]


class Workers(HistoryInline):
    model = Worker
    fields = ["name", "status", "last_heartbeat_time", "silent_after"]
    ordering = ["-last_heartbeat_time"]


@admin.register(Deployment)
class DeploymentAdmin(DescribedAdmin):
    list_display = [
        "name",
        "flow",
        "status_word",
        "paused_word",
        "work_queue",
        "entrypoint",
        "last_polled",
        "runs_link",
    ]
    list_filter = ["status", "paused", "created"]
    list_select_related = ["flow", "work_queue"]
    search_fields = ["name", "flow__name", "entrypoint"]
    ordering = ["-created"]
    editable = ["description", "tags"]

    @admin.display(description="paused", ordering="paused")
    def paused_word(self, deployment: Deployment) -> SafeString | str:
        return badge("paused", "Paused") if deployment.paused else ""

    @admin.display(description="runs")
    def runs_link(self, deployment: Deployment) -> SafeString:
        return format_html(
            '<a href="{}?deployment__id__exact={}">runs</a>', reverse("admin:runs_flowrun_changelist"), deployment.id
        )


@admin.register(DeploymentSchedule)
class DeploymentScheduleAdmin(HistoryAdmin):
    list_display = ["deployment", "slug", "kind", "active", "updated"]
    list_filter = ["active", "updated"]
    list_select_related = ["deployment"]
    search_fields = ["slug", "deployment__name"]
    ordering = ["-updated"]


@admin.register(WorkPool)
class WorkPoolAdmin(DescribedAdmin):
    list_display = ["name", "type", "status_word", "concurrency_limit", "created"]
    list_filter = ["type", "status", "is_paused"]
    search_fields = ["name"]
    ordering = ["name"]
    editable = ["description"]
    inlines = [Queues, Workers]


@admin.register(WorkQueue)
class WorkQueueAdmin(DescribedAdmin):
    list_display = ["name", "work_pool", "priority", "status_word", "concurrency_limit", "last_polled"]
    list_filter = ["status", "is_paused", "work_pool"]
    list_select_related = ["work_pool"]
    search_fields = ["name", "work_pool__name"]
    ordering = ["work_pool", "priority"]
    editable = ["description"]


@admin.register(Worker)
class WorkerAdmin(HistoryAdmin):
    list_display = ["name", "work_pool", "online_word", "last_heartbeat_time", "heartbeat_interval_seconds"]
    list_filter = ["status", "work_pool"]
    list_select_related = ["work_pool"]
    search_fields = ["name", "work_pool__name"]
    ordering = ["-last_heartbeat_time"]

    @admin.display(description="status", ordering="status")
    def online_word(self, worker: Worker) -> SafeString:
        status = Worker.Status.ONLINE if worker.is_online(timezone.now()) else Worker.Status.OFFLINE
        return badge(TONES[status], status.label)
