"""Runs in the admin: all can be read and found; states change only through the rules, so nothing is edited here."""

from __future__ import annotations

from datetime import datetime

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import truncatechars
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orchestrator.contract.times import now
from orchestrator.live.looks import look_of
from orchestrator.live.words import duration_words
from orchestrator.web.admin import HistoryAdmin, HistoryInline, QuickAdmin, badge
from runs.models import (
    Artifact,
    ArtifactCollection,
    Claim,
    ConcurrencyLease,
    ConcurrencyLimit,
    ConcurrencySlot,
    Flow,
    FlowRun,
    FlowRunState,
    FlowRunTag,
    Leftover,
    Log,
    SavedSearch,
    StateDeadline,
    TaskRun,
    TaskRunState,
    TaskRunTag,
)
from runs.models.run import Run
from runs.models.states import StateRecord

STATE_COLUMNS = ["state_word", "timestamp", "message"]
MOST_INLINE = 50


class StatesInline(HistoryInline):
    fields = STATE_COLUMNS
    readonly_fields = STATE_COLUMNS
    ordering = ["timestamp"]
    verbose_name_plural = "state history"

    @admin.display(description="state")
    def state_word(self, state: StateRecord) -> SafeString:
        return _state_badge(state.type, state.name)


class FlowRunStates(StatesInline):
    model = FlowRunState


class TaskRunStates(StatesInline):
    model = TaskRunState


class Claims(HistoryInline):
    model = Claim
    fields = ["attempt", "worker_name", "process_id", "claimed_at", "lease_expires_at", "ended_at", "outcome", "reason"]
    ordering = ["attempt"]


class RunAdmin(HistoryAdmin):
    """What the lists of flow runs and of task runs have in common."""

    list_filter = ["state_type", "start_time"]
    search_fields = ["name"]
    ordering = ["-id"]

    @admin.display(description="state", ordering="state_type")
    def state_word(self, run: Run) -> SafeString:
        return _state_badge(run.state_type, run.state_name)

    @admin.display(description="duration", ordering="total_run_time")
    def duration(self, run: Run) -> str:
        return duration_words(run.estimated_run_time()) if run.start_time else ""

    @admin.display(description="tags")
    def tag_words(self, run: Run) -> str:
        return ", ".join(run.tags)


@admin.register(FlowRun)
class FlowRunAdmin(RunAdmin):
    list_display = ["name", "state_word", "flow", "deployment", "start_time", "duration", "run_count", "tag_words"]
    list_filter = ["state_type", "start_time", "auto_scheduled", ("deployment", admin.EmptyFieldListFilter), "flow"]
    list_select_related = ["flow", "deployment"]
    search_fields = ["name", "flow__name"]
    inlines = [FlowRunStates, Claims]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "name",
                    "state_word",
                    "flow",
                    "flow_version",
                    "deployment",
                    "work_queue",
                    "tags",
                    "tasks_link",
                    "log_link",
                ]
            },
        ),
        (
            "Times",
            {
                "fields": [
                    "expected_start_time",
                    "next_scheduled_start_time",
                    "start_time",
                    "end_time",
                    "duration",
                    "created",
                    "updated",
                ]
            },
        ),
        ("What it was given", {"fields": ["parameters", "context", "labels", "job_variables", "empirical_policy"]}),
        (
            "Where it comes from",
            {
                "fields": [
                    "parent_task_run",
                    "idempotency_key",
                    "auto_scheduled",
                    "created_by",
                    "infrastructure_pid",
                    "run_count",
                ]
            },
        ),
        ("The state as the API answers it", {"fields": ["state"], "classes": ["collapse"]}),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return ["state_word", "duration", "tasks_link", "log_link", "created", "updated"]

    def view_on_site(self, run: FlowRun) -> str:
        return reverse("runs:flow-run", args=[run.pk])

    @admin.display(description="task runs")
    def tasks_link(self, run: FlowRun) -> SafeString:
        return _link("admin:runs_taskrun_changelist", f"flow_run__id__exact={run.pk}", "All its task runs")

    @admin.display(description="log")
    def log_link(self, run: FlowRun) -> SafeString:
        return _link("admin:runs_log_changelist", f"flow_run_id={run.pk}", "Its log lines")


@admin.register(TaskRun)
class TaskRunAdmin(RunAdmin):
    list_display = ["name", "state_word", "flow_run", "task_key", "start_time", "duration", "run_count"]
    list_select_related = ["flow_run"]
    search_fields = ["name", "task_key"]
    inlines = [TaskRunStates]
    readonly_fields = ["state_word", "duration", "created", "updated"]

    def view_on_site(self, run: TaskRun) -> str:
        return reverse("runs:task-run", args=[run.pk])

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup == "flow_run__id__exact" or super().lookup_allowed(lookup, value, request)


@admin.register(Flow)
class FlowAdmin(QuickAdmin):
    """A flow's tags and labels can be corrected. Deleting one would delete its runs, so that is not offered."""

    list_display = ["name", "created", "tags"]
    search_fields = ["name"]
    ordering = ["-created"]
    fields = ["name", "tags", "labels", "created", "updated"]
    readonly_fields = ["name", "created", "updated"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def view_on_site(self, flow: Flow) -> str:
        return f"{reverse('runs:list')}?flow={flow.name}"


class StateAdmin(HistoryAdmin):
    list_filter = ["type", "timestamp"]
    search_fields = ["name", "message"]
    ordering = ["-timestamp"]

    @admin.display(description="state", ordering="type")
    def state_word(self, state: StateRecord) -> SafeString:
        return _state_badge(state.type, state.name)


@admin.register(FlowRunState)
class FlowRunStateAdmin(StateAdmin):
    list_display = ["state_word", "flow_run", "timestamp", "message"]
    list_select_related = ["flow_run"]


@admin.register(TaskRunState)
class TaskRunStateAdmin(StateAdmin):
    list_display = ["state_word", "task_run", "timestamp", "message"]
    list_select_related = ["task_run"]


@admin.register(Log)
class LogAdmin(HistoryAdmin):
    list_display = ["timestamp", "level_word", "short_message", "name", "run_link"]
    list_filter = ["level", "timestamp"]
    search_fields = ["message"]
    ordering = ["-timestamp", "-id"]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup in ("flow_run_id", "task_run_id") or super().lookup_allowed(lookup, value, request)

    @admin.display(description="level", ordering="level")
    def level_word(self, line: Log) -> SafeString:
        tone = "failed" if line.level >= 40 else "late" if line.level >= 30 else "scheduled"
        return badge(tone, line.level_name)

    @admin.display(description="message")
    def short_message(self, line: Log) -> str:
        return truncatechars(line.message, 160)

    @admin.display(description="run")
    def run_link(self, line: Log) -> SafeString | str:
        if line.flow_run_id is None:
            return ""
        return format_html(
            '<a href="{}?at={}#L{}">its place in the log</a>',
            reverse("runs:flow-run", args=[line.flow_run_id]),
            line.id,
            line.id,
        )


@admin.register(Claim)
class ClaimAdmin(HistoryAdmin):
    list_display = [
        "flow_run",
        "attempt",
        "worker_name",
        "process_id",
        "claimed_at",
        "lease_expires_at",
        "outcome_word",
        "reason",
    ]
    list_filter = ["outcome", "claimed_at"]
    list_select_related = ["flow_run"]
    search_fields = ["worker_name"]
    ordering = ["-id"]

    @admin.display(description="outcome", ordering="outcome")
    def outcome_word(self, claim: Claim) -> SafeString:
        if claim.outcome is None:
            return badge("running", "held")
        tone = {"finished": "completed", "lost": "crashed", "revoked": "cancelled"}[claim.outcome]
        return badge(tone, claim.outcome)


@admin.register(Artifact)
class ArtifactAdmin(HistoryAdmin):
    list_display = ["__str__", "type", "created", "flow_run_id", "task_run_id"]
    list_filter = ["type", "created"]
    search_fields = ["key", "description"]
    ordering = ["-id"]


class SlotsInline(HistoryInline):
    """Who holds what of a limit, or what a lease holds."""

    model = ConcurrencySlot
    ordering = ["-id"]

    @admin.display(description="holder")
    def holder(self, slot: ConcurrencySlot) -> str:
        return str(slot.lease)

    @admin.display(description="since")
    def taken_at(self, slot: ConcurrencySlot) -> datetime:
        return slot.lease.taken_at

    @admin.display(description="unless renewed, until")
    def expires_at(self, slot: ConcurrencySlot) -> datetime | str:
        return slot.lease.expires_at or "its run leaves it"

    def get_queryset(self, request: HttpRequest) -> QuerySet[ConcurrencySlot]:
        return super().get_queryset(request).select_related("lease", "limit")


class HoldersInline(SlotsInline):
    fields = ["slots", "holder", "taken_at", "expires_at"]
    readonly_fields = fields
    verbose_name_plural = "holders"


class HeldInline(SlotsInline):
    fields = ["limit", "slots"]
    verbose_name_plural = "slots"


@admin.register(ConcurrencyLimit)
class ConcurrencyLimitAdmin(HistoryAdmin):
    """Limits are changed over the API, which tells of it."""

    list_display = ["name", "in_use", "limit", "active", "slot_decay_per_second", "avg_slot_occupancy_seconds"]
    list_filter = ["active"]
    search_fields = ["name"]
    ordering = ["name"]
    inlines = [HoldersInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ConcurrencyLimit]:
        return super().get_queryset(request).with_leased(now())

    @admin.display(description="in use")
    def in_use(self, limit: ConcurrencyLimit) -> int:
        return limit.counted(now()) + limit.leased  # type: ignore[attr-defined]


@admin.register(ConcurrencyLease)
class ConcurrencyLeaseAdmin(HistoryAdmin):
    list_display = ["__str__", "flow_run", "task_run", "taken_at", "expires_at"]
    list_filter = ["holder_type", "taken_at"]
    list_select_related = ["flow_run", "task_run"]
    search_fields = ["holder_id"]
    ordering = ["-id"]
    inlines = [HeldInline]


@admin.register(ConcurrencySlot)
class ConcurrencySlotAdmin(HistoryAdmin):
    list_display = ["limit", "slots", "lease", "counted"]
    list_select_related = ["limit", "lease"]
    search_fields = ["limit__name"]
    ordering = ["-id"]


@admin.register(ArtifactCollection)
class ArtifactCollectionAdmin(HistoryAdmin):
    list_display = ["key", "type", "updated", "flow_run_id", "task_run_id"]
    list_filter = ["type", "updated"]
    search_fields = ["key", "description"]
    ordering = ["-id"]


@admin.register(SavedSearch)
class SavedSearchAdmin(HistoryAdmin):
    list_display = ["name", "created", "updated"]
    search_fields = ["name"]
    ordering = ["name"]


@admin.register(FlowRunTag)
class FlowRunTagAdmin(HistoryAdmin):
    list_display = ["tag", "flow_run"]
    list_select_related = ["flow_run"]
    search_fields = ["tag"]
    ordering = ["-id"]


@admin.register(TaskRunTag)
class TaskRunTagAdmin(HistoryAdmin):
    list_display = ["tag", "task_run"]
    list_select_related = ["task_run"]
    search_fields = ["tag"]
    ordering = ["-id"]


@admin.register(StateDeadline)
class StateDeadlineAdmin(HistoryAdmin):
    list_display = ["flow_run", "kind", "at"]
    list_filter = ["kind"]
    list_select_related = ["flow_run"]
    search_fields = ["kind"]
    ordering = ["at"]


@admin.register(Leftover)
class LeftoverAdmin(HistoryAdmin):
    list_display = ["run_id", "kind", "deleted_at", "due_at"]
    list_filter = ["kind"]
    search_fields = ["kind"]
    ordering = ["due_at"]


def _state_badge(state_type: str | None, state_name: str | None) -> SafeString:
    look = look_of(state_type, state_name)
    return badge(look.tone, look.word)


def _link(view: str, query: str, words: str) -> SafeString:
    return format_html('<a href="{}?{}">{}</a>', reverse(view), query, words)
