"""Work pools, their queues and their workers, in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.utils import timezone
from django.utils.safestring import SafeString

from deployments.admin.described import TONES, DescribedAdmin
from deployments.models import Worker, WorkPool, WorkQueue
from orchestrator.web.admin import HistoryAdmin, HistoryInline, badge


class Queues(HistoryInline):
    model = WorkQueue
    fields = ["name", "priority", "status", "is_paused", "concurrency_limit", "last_polled"]
    ordering = ["priority"]


class Workers(HistoryInline):
    model = Worker
    fields = ["name", "status", "last_heartbeat_time", "silent_after"]
    ordering = ["-last_heartbeat_time"]


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
