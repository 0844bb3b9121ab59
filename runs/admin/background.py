"""What waits for task workers, and what was kept for later: inputs of runs and cached states."""

from __future__ import annotations

from django.contrib import admin

from orchestrator.web.admin import HistoryAdmin
from runs.models import CachedState, FlowRunInput, QueuedTaskRun, TaskSubscription


@admin.register(TaskSubscription)
class TaskSubscriptionAdmin(HistoryAdmin):
    list_display = ["client_id", "task_keys", "connected_at", "seen_at", "lease_expires_at"]
    search_fields = ["client_id"]
    ordering = ["-id"]


@admin.register(QueuedTaskRun)
class QueuedTaskRunAdmin(HistoryAdmin):
    list_display = ["task_run", "task_key", "goes_first", "holder"]
    list_filter = ["goes_first"]
    list_select_related = ["task_run", "holder"]
    search_fields = ["task_key"]
    ordering = ["-task_run_id"]


@admin.register(FlowRunInput)
class FlowRunInputAdmin(HistoryAdmin):
    """That an answer came; what it was is between the run and whoever gave it, as it may be a password."""

    list_display = ["key", "flow_run", "sender", "created"]
    list_select_related = ["flow_run"]
    search_fields = ["key"]
    exclude = ["value"]
    ordering = ["-id"]


@admin.register(CachedState)
class CachedStateAdmin(HistoryAdmin):
    list_display = ["state", "key_digest", "expires_at"]
    list_select_related = ["state"]
    search_fields = ["key_digest"]
    ordering = ["-id"]
