"""Artifacts, and searches that people saved."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from orchestrator.pages.addresses import address_of
from orchestrator.web.admin import HistoryAdmin
from orchestrator.web.admin_asking import ask, reason_of, told
from runs.models import Artifact, ArtifactCollection, SavedSearch
from runs.services.artifacts import delete_artifacts

MOST_AT_ONCE = 500  # that one action deletes
TYPES = ("markdown", "table", "image", "progress", "result")


class TypeFilter(admin.SimpleListFilter):
    """The known types, without looking for others in the table."""

    title = "type"
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [(one, one) for one in TYPES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Artifact]) -> QuerySet[Artifact]:
        return queryset.filter(type=self.value()) if self.value() else queryset


@admin.register(Artifact)
class ArtifactAdmin(HistoryAdmin):
    list_display = ["__str__", "type", "created", "flow_run_id", "task_run_id"]
    list_filter = [TypeFilter]
    date_hierarchy = "created"
    search_fields = ["key", "description"]
    ordering = ["-id"]
    newest_by = "id"
    actions = ["delete"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Artifact]:
        """A list does without what the artifacts say, which may be long."""
        rows = super().get_queryset(request)
        return rows if request.resolver_match and "object_id" in request.resolver_match.kwargs else rows.defer("data")

    def view_on_site(self, artifact: Artifact) -> str:
        return address_of("artifact", artifact.pk)

    def has_remove_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("runs.delete_artifact")

    @admin.action(description="Delete…", permissions=["remove"])
    def delete(self, request: HttpRequest, artifacts: QuerySet[Artifact]) -> HttpResponse | None:
        """Over the service, which lets the version before become the latest of its key."""
        found = list(artifacts.only("id", "key")[: MOST_AT_ONCE + 1])
        keys = {artifact.key for artifact in found if artifact.key}
        sentence = "They are gone for good. Of each key, the version before becomes the latest."
        asked = ask(
            self,
            request,
            artifacts,
            title="Delete artifacts",
            sentence=sentence,
            button="Delete them",
            rows=[("Versions", len(found)), ("Keys that lose a version", len(keys))],
            examples=[str(artifact) for artifact in found],
        )
        if asked is not None:
            return asked
        deleted = delete_artifacts(artifact_ids=[artifact.pk for artifact in found[:MOST_AT_ONCE]])
        for artifact in found[:MOST_AT_ONCE]:
            self.log_change(request, artifact, told("Deleted", reason_of(request)))
        more = f" At most {MOST_AT_ONCE} at once; repeat it for the others." if len(found) > MOST_AT_ONCE else ""
        self.message_user(request, f"{deleted} deleted.{more}", messages.SUCCESS)
        return None


@admin.register(ArtifactCollection)
class ArtifactCollectionAdmin(HistoryAdmin):
    list_display = ["key", "type", "updated", "flow_run_id", "task_run_id"]
    list_filter = [TypeFilter]
    date_hierarchy = "updated"
    search_fields = ["key", "description"]
    ordering = ["-id"]

    def view_on_site(self, collection: ArtifactCollection) -> str:
        return address_of("artifact-key", collection.key)


@admin.register(SavedSearch)
class SavedSearchAdmin(HistoryAdmin):
    list_display = ["name", "created", "updated"]
    search_fields = ["name"]
    ordering = ["name"]
