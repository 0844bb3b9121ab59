"""Deployments and their schedules, in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin import EmptyFieldListFilter
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from deployments.admin.described import DescribedAdmin
from deployments.admin.switching import MOST_AT_ONCE, for_each
from deployments.admin.versions import author_of, history_of
from deployments.models import Deployment, DeploymentSchedule, DeploymentVersion
from deployments.services.deployment_runs import create_deployment_run
from deployments.services.deployments import (
    changed_deployment,
    delete_deployment,
    pause_deployment,
    resume_deployment,
)
from deployments.services.schedules import update_schedule
from orchestrator.contract.states import TERMINAL
from orchestrator.pages.addresses import address_of
from orchestrator.pages.schema_forms import with_masks, without_secret_defaults
from orchestrator.web.admin import HistoryAdmin, badge, capped, shown_json
from orchestrator.web.admin_filters import FewRelated
from runs.models import FlowRun


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
    list_filter = ["status", "paused", ("work_queue__work_pool", FewRelated), ("flow", FewRelated), "created"]
    date_hierarchy = "created"
    list_select_related = ["flow", "work_queue"]
    search_fields = ["name", "flow__name", "entrypoint"]
    ordering = ["-created"]
    editable = ["description", "tags", "catch_up_policy", "catch_up_max_age_seconds"]
    actions = ["pause", "resume", "run_now", "delete"]
    exclude = ["parameters", "parameter_openapi_schema"]  # shown without secrets

    def view_on_site(self, deployment: Deployment) -> str:
        return address_of("deployment", deployment.pk)

    def has_remove_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("deployments.delete_deployment")

    @admin.action(description="Pause…", permissions=["operate"])
    def pause(self, request: HttpRequest, deployments: QuerySet[Deployment]) -> HttpResponse | None:
        author = author_of(request)
        return for_each(
            self,
            request,
            deployments,
            title="Pause deployments",
            sentence="Schedules plan no more runs, and those that were planned ahead are forgotten. Runs go on.",
            done="Paused",
            do=lambda row: pause_deployment(deployment_id=row.pk, author=author),
        )

    @admin.action(description="Resume…", permissions=["operate"])
    def resume(self, request: HttpRequest, deployments: QuerySet[Deployment]) -> HttpResponse | None:
        return for_each(
            self,
            request,
            deployments,
            title="Resume deployments",
            sentence="Schedules plan runs again, from now on. What was missed meanwhile is not made up for.",
            done="Resumed",
            do=lambda row: resume_deployment(deployment_id=row.pk),
        )

    @admin.action(description="Run now…", permissions=["operate"])
    def run_now(self, request: HttpRequest, deployments: QuerySet[Deployment]) -> HttpResponse | None:
        author = author_of(request)
        return for_each(
            self,
            request,
            deployments,
            title="Run now",
            sentence="A run of each is scheduled for now, with the parameters that the deployment has.",
            done="Run",
            do=lambda row: create_deployment_run(deployment_id=row.pk, created_by=author),
        )

    @admin.action(description="Delete…", permissions=["remove"])
    def delete(self, request: HttpRequest, deployments: QuerySet[Deployment]) -> HttpResponse | None:
        ids = list(deployments.values_list("pk", flat=True)[:MOST_AT_ONCE])
        unfinished = FlowRun.objects.filter(deployment__in=ids).exclude(state_type__in=[one.value for one in TERMINAL])
        rows = [
            ("Deployments", len(ids)),
            ("Their schedules, which go with them", DeploymentSchedule.objects.filter(deployment__in=ids).count()),
            ("Their versions, which go with them", DeploymentVersion.objects.filter(deployment__in=ids).count()),
            ("Runs that have not ended", capped(unfinished)),
        ]
        return for_each(
            self,
            request,
            deployments,
            title="Delete deployments",
            sentence="Runs that have not begun go with their deployment; past runs stay.",
            done="Deleted",
            do=lambda row: delete_deployment(deployment_id=row.pk),
            rows=rows,
        )

    def save_model(self, request: HttpRequest, obj: Deployment, form: ModelForm, change: bool) -> None:
        """As every other change: it is in the history, and what was planned ahead is planned anew."""
        with changed_deployment(obj.pk, author=author_of(request)) as deployment:
            for name in form.changed_data:
                setattr(deployment, name, form.cleaned_data[name])
            deployment.save()

    @admin.display(description="paused", ordering="paused")
    def paused_word(self, deployment: Deployment) -> SafeString | str:
        return badge("paused", "Paused") if deployment.paused else ""

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        shown = [name for name in super().get_readonly_fields(request, obj) if name not in self.exclude]
        return [*shown, "shown_parameters", "shown_schema", "history"]

    @admin.display(description="parameters")
    def shown_parameters(self, deployment: Deployment) -> SafeString:
        return shown_json(with_masks(deployment.parameter_openapi_schema, deployment.parameters))

    @admin.display(description="schema of the parameters")
    def shown_schema(self, deployment: Deployment) -> SafeString:
        return shown_json(without_secret_defaults(deployment.parameter_openapi_schema))

    @admin.display(description="history")
    def history(self, deployment: Deployment) -> SafeString | str:
        return history_of(deployment)

    @admin.display(description="runs")
    def runs_link(self, deployment: Deployment) -> SafeString:
        return format_html(
            '<a href="{}?deployment__id__exact={}">runs</a>', reverse("admin:runs_flowrun_changelist"), deployment.id
        )


@admin.register(DeploymentSchedule)
class DeploymentScheduleAdmin(HistoryAdmin):
    list_display = ["deployment", "slug", "kind", "active", "planned_until", "next_time", "plan_at", "problem_word"]
    list_filter = ["active", ("problem", EmptyFieldListFilter), "updated"]
    list_select_related = ["deployment"]
    search_fields = ["slug", "deployment__name"]
    ordering = ["-updated"]
    is_small = True
    actions = ["switch_on", "switch_off"]
    exclude = ["parameters"]
    readonly_fields = ["shown_parameters"]

    def view_on_site(self, schedule: DeploymentSchedule) -> str:
        return address_of("deployment", schedule.deployment_id)

    @admin.action(description="Switch on…", permissions=["operate"])
    def switch_on(self, request: HttpRequest, schedules: QuerySet[DeploymentSchedule]) -> HttpResponse | None:
        sentence = "They plan runs again, from now on."
        return self._switch(request, schedules, active=True, sentence=sentence)

    @admin.action(description="Switch off…", permissions=["operate"])
    def switch_off(self, request: HttpRequest, schedules: QuerySet[DeploymentSchedule]) -> HttpResponse | None:
        sentence = "They plan no more runs, and those that were planned ahead are forgotten."
        return self._switch(request, schedules, active=False, sentence=sentence)

    def _switch(
        self, request: HttpRequest, schedules: QuerySet[DeploymentSchedule], *, active: bool, sentence: str
    ) -> HttpResponse | None:
        author, word = author_of(request), "on" if active else "off"
        return for_each(
            self,
            request,
            schedules,
            title=f"Switch schedules {word}",
            sentence=sentence,
            done=f"Switched {word}",
            do=lambda row: update_schedule(
                deployment_id=row.deployment_id, schedule_id=row.pk, changes={"active": active}, author=author
            ),
        )

    @admin.display(description="parameters")
    def shown_parameters(self, schedule: DeploymentSchedule) -> SafeString:
        return shown_json(with_masks(schedule.deployment.parameter_openapi_schema, schedule.parameters))

    @admin.display(description="problem", ordering="failures")
    def problem_word(self, schedule: DeploymentSchedule) -> SafeString | str:
        return badge("failed", schedule.problem) if schedule.problem else ""
