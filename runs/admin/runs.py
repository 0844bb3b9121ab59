"""Flow runs and task runs, with what they were through."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orchestrator.pages.addresses import address_of
from orchestrator.pages.words import duration_words
from orchestrator.web.admin import MOST_INLINE, HistoryAdmin, HistoryInline, shown_json
from orchestrator.web.admin_filters import FewRelated
from runs.admin.bulk import BulkActions
from runs.admin.claims import Claims
from runs.admin.states import FlowRunStates, TaskRunStates
from runs.admin.words import state_badge
from runs.models import FlowRun, FlowRunTag, TaskRun, TaskRunTag
from runs.models.run import Run
from runs.pages.parameters import shown_parameters

NEWEST_TAGS = 300  # rows that the filter by tag is made of
MOST_TAGS = 30


class RunAdmin(HistoryAdmin):
    """What the lists of flow runs and of task runs have in common."""

    list_filter = ["state_type"]
    date_hierarchy = "expected_start_time"  # which each run has, with an index
    search_fields = ["name"]
    ordering = ["-id"]
    newest_by = "id"

    @admin.display(description="state", ordering="state_type")
    def state_word(self, run: Run) -> SafeString:
        return state_badge(run.state_type, run.state_name)

    @admin.display(description="duration", ordering="total_run_time")
    def duration(self, run: Run) -> str:
        return duration_words(run.estimated_run_time()) if run.start_time else ""

    @admin.display(description="tags")
    def tag_words(self, run: Run) -> str:
        return ", ".join(run.tags)


class TagFilter(admin.SimpleListFilter):
    """The tags of the newest runs, or any that the address names."""

    title = "tag"
    parameter_name = "tag"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        newest = FlowRunTag.objects.order_by("-id").values_list("tag", flat=True)[:NEWEST_TAGS]
        return [(tag, tag) for tag in sorted(set(newest))][:MOST_TAGS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[FlowRun]) -> QuerySet[FlowRun]:
        tagged = FlowRunTag.objects.filter(tag=self.value(), flow_run=OuterRef("pk"))
        return queryset.filter(Exists(tagged)) if self.value() else queryset


class Tasks(HistoryInline):
    """The first of them; a link on the page leads to all."""

    model = TaskRun
    fk_name = "flow_run"
    fields = ["name", "state_word", "start_time", "total_run_time", "run_count"]
    readonly_fields = ["name", "state_word", "start_time", "total_run_time", "run_count"]
    ordering = ["-id"]
    verbose_name_plural = f"the newest {MOST_INLINE} task runs"

    def get_queryset(self, request: HttpRequest) -> QuerySet[TaskRun]:
        columns = ("id", "flow_run", "name", "state_type", "state_name", "start_time", "total_run_time", "run_count")
        return super().get_queryset(request).only(*columns)

    @admin.display(description="state")
    def state_word(self, run: Run) -> SafeString:
        return state_badge(run.state_type, run.state_name)


@admin.register(FlowRun)
class FlowRunAdmin(RunAdmin, BulkActions):
    list_display = ["name", "state_word", "flow", "deployment", "start_time", "duration", "run_count", "tag_words"]
    list_filter = [
        "state_type",
        ("flow", FewRelated),
        ("work_queue__work_pool", FewRelated),
        TagFilter,
        "auto_scheduled",
        ("deployment", admin.EmptyFieldListFilter),
    ]
    list_select_related = ["flow", "deployment"]
    search_fields = ["name", "flow__name"]
    inlines = [FlowRunStates, Claims, Tasks]
    actions = ["retry", "cancel", "pause", "resume", "set_state", "delete"]
    exclude = ["parameters"]  # the files of the selected have none either
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
        (
            "What went wrong",
            {
                "fields": [
                    "error_type",
                    "error_message",
                    "error_frame",
                    "error_source",
                    "error_fingerprint",
                    "failing_task_run_id",
                ],
                "classes": ["collapse"],
            },
        ),
        (
            "What it was given",
            {"fields": ["shown_parameters", "context", "labels", "job_variables", "empirical_policy"]},
        ),
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
        return ["state_word", "duration", "tasks_link", "log_link", "shown_parameters", "created", "updated"]

    def view_on_site(self, run: FlowRun) -> str:
        return address_of("flow-run", run.pk)

    @admin.display(description="parameters")
    def shown_parameters(self, run: FlowRun) -> SafeString:
        return shown_json(shown_parameters(run))

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
        return address_of("task-run", run.pk)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup == "flow_run__id__exact" or super().lookup_allowed(lookup, value, request)


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


def _link(view: str, query: str, words: str) -> SafeString:
    return format_html('<a href="{}?{}">{}</a>', reverse(view), query, words)
