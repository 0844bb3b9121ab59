"""Artifacts, and searches that people saved."""

from __future__ import annotations

from django.contrib import admin

from orchestrator.web.admin import HistoryAdmin
from runs.models import Artifact, ArtifactCollection, SavedSearch


@admin.register(Artifact)
class ArtifactAdmin(HistoryAdmin):
    list_display = ["__str__", "type", "created", "flow_run_id", "task_run_id"]
    list_filter = ["type", "created"]
    search_fields = ["key", "description"]
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
