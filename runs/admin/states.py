"""Every state that a run was in."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString

from orchestrator.web.admin import HistoryAdmin, HistoryInline
from runs.admin.words import state_badge
from runs.models import FlowRunState, TaskRunState
from runs.models.states import StateRecord

STATE_COLUMNS = ["state_word", "timestamp", "message"]


class StatesInline(HistoryInline):
    fields = STATE_COLUMNS
    readonly_fields = STATE_COLUMNS
    ordering = ["timestamp"]
    verbose_name_plural = "state history"

    @admin.display(description="state")
    def state_word(self, state: StateRecord) -> SafeString:
        return state_badge(state.type, state.name)


class FlowRunStates(StatesInline):
    model = FlowRunState


class TaskRunStates(StatesInline):
    model = TaskRunState


class StateAdmin(HistoryAdmin):
    list_filter = ["type"]
    date_hierarchy = "timestamp"
    search_fields = ["name", "message"]
    ordering = ["-timestamp"]
    newest_by = "timestamp"

    @admin.display(description="state", ordering="type")
    def state_word(self, state: StateRecord) -> SafeString:
        return state_badge(state.type, state.name)


@admin.register(FlowRunState)
class FlowRunStateAdmin(StateAdmin):
    list_display = ["state_word", "flow_run", "timestamp", "message"]
    list_select_related = ["flow_run"]


@admin.register(TaskRunState)
class TaskRunStateAdmin(StateAdmin):
    list_display = ["state_word", "task_run", "timestamp", "message"]
    list_select_related = ["task_run"]
