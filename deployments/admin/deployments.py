"""Deployments and their schedules, in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin import EmptyFieldListFilter
from django.db.models import Model
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from deployments.admin.described import DescribedAdmin
from deployments.admin.versions import author_of, history_of
from deployments.models import Deployment, DeploymentSchedule
from deployments.services.deployments import changed_deployment
from orchestrator.web.admin import HistoryAdmin, badge


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
    editable = ["description", "tags", "catch_up_policy", "catch_up_max_age_seconds"]

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
        return [*super().get_readonly_fields(request, obj), "history"]

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

    @admin.display(description="problem", ordering="failures")
    def problem_word(self, schedule: DeploymentSchedule) -> SafeString | str:
        return badge("failed", schedule.problem) if schedule.problem else ""
