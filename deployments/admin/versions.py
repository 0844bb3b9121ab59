"""The history of a deployment in the admin, and the way back."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from deployments.errors import DeploymentsError
from deployments.models import Deployment, DeploymentVersion
from deployments.pages.version_words import told_content, told_differences
from deployments.services.rollback import restore_version
from deployments.services.versions import content_of, version_before
from orchestrator.web.admin import HistoryAdmin, shown_json

SHOWN = 10  # versions on a deployment's own page


@admin.register(DeploymentVersion)
class DeploymentVersionAdmin(HistoryAdmin):
    list_display = ["deployment", "number", "version", "created", "author", "changed_words", "restored_from", "restore"]
    list_filter = ["created"]
    date_hierarchy = "created"
    list_select_related = ["deployment__flow"]
    search_fields = ["deployment__name", "deployment__flow__name", "version"]
    ordering = ["-id"]
    newest_by = "id"
    fields = ["deployment", "number", "version", "created", "author", "restored_from", "difference", "whole", "restore"]
    exclude = ["content"]  # the files of the selected have none either
    readonly_fields = ["created", "author", "difference", "whole", "restore"]

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        return rows.defer("content") if request.resolver_match and "object_id" not in _parts(request) else rows

    def get_urls(self) -> list[URLPattern]:
        confirm = self.admin_site.admin_view(self.restore_view)
        return [
            path("<uuid:version_id>/restore/", confirm, name="deployments_deploymentversion_restore"),
            *super().get_urls(),
        ]

    def restore_view(self, request: HttpRequest, version_id: Any) -> HttpResponse:
        """What would change, and a button; with POST it is done."""
        rows = DeploymentVersion.objects.select_related("deployment__flow", "deployment__work_queue__work_pool")
        version = get_object_or_404(rows, pk=version_id)
        if not request.user.has_perm("deployments.change_deployment"):
            raise PermissionDenied
        if request.method == "POST":
            return self._restored(request, version)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Roll back {version.deployment} to version {version.number}",
            "opts": self.opts,
            "version": version,
            "changes": told_differences(content_of(version.deployment), version.content),
        }
        return TemplateResponse(request, "admin/deployments/restore_version.html", context)

    def _restored(self, request: HttpRequest, version: DeploymentVersion) -> HttpResponse:
        try:
            made, is_new = restore_version(
                deployment_id=version.deployment_id, number=version.number, author=author_of(request)
            )
        except DeploymentsError as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            said = (
                f"is as in version {version.number} again; this is version {made.number}" if is_new else "is so already"
            )
            self.message_user(request, f"{version.deployment} {said}.", messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:deployments_deployment_change", args=[version.deployment_id]))

    @admin.display(description="changed")
    def changed_words(self, version: DeploymentVersion) -> str:
        return ", ".join(version.changed)

    @admin.display(description="difference to the version before")
    def difference(self, version: DeploymentVersion) -> SafeString | str:
        before = version_before(version)
        if before is None:
            return "It is the first."
        rows = told_differences(before.content, version.content)
        return format_html("<table>{}</table>", format_html_join("", _DIFFERENCE, rows))

    @admin.display(description="all of it")
    def whole(self, version: DeploymentVersion) -> SafeString:
        return shown_json(told_content(version.content))

    @admin.display(description="roll back")
    def restore(self, version: DeploymentVersion) -> SafeString:
        return _restore_link(version)


_HEADINGS = format_html_join(
    "", "<th scope=col>{}</th>", ((word,) for word in ("Number", "Version", "Made", "By", "Changed", "Roll back"))
)
_ROW = '<tr><td><a href="{}">{}</a></td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>'
_DIFFERENCE = "<tr><th scope=row>{}</th><td><del>{}</del></td><td><ins>{}</ins></td></tr>"


def history_of(deployment: Deployment) -> SafeString | str:
    """The latest versions as a table, each with the way back to it."""
    versions = list(deployment.versions.newest_first().without_content()[:SHOWN])
    if not versions:
        return "It has not changed since versions are kept."
    rows = (
        (
            reverse("admin:deployments_deploymentversion_change", args=[version.pk]),
            version.number,
            version.version or "",
            date_format(localtime(version.created), "DATETIME_FORMAT"),
            version.author,
            ", ".join(version.changed),
            "the present one" if version is versions[0] else _restore_link(version),
        )
        for version in versions
    )
    return format_html("<table><thead>{}</thead>{}</table>", _HEADINGS, format_html_join("", _ROW, rows))


def author_of(request: HttpRequest) -> dict[str, Any]:
    """The person who uses the admin, for the history."""
    return {"id": str(request.user.pk), "type": "USER", "display_value": str(request.user)}


def _restore_link(version: DeploymentVersion) -> SafeString:
    address = reverse("admin:deployments_deploymentversion_restore", args=[version.pk])
    return format_html('<a href="{}">Roll back to version {}</a>', address, version.number)


def _parts(request: HttpRequest) -> dict[str, Any]:
    return request.resolver_match.kwargs if request.resolver_match else {}
