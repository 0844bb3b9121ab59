"""Artifacts: what runs produce for people to read."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.request import Request

from orchestrator.rest.errors import NotFound
from orchestrator.rest.json import JsonAnswer
from orchestrator.rest.views import ApiView, answers, no_content, takes
from runs import errors, models
from runs.api.artifact_shapes import (
    Artifact,
    ArtifactCreate,
    ArtifactUpdate,
    artifact_answer,
    artifact_answers,
    columns_of,
)
from runs.services.artifacts import create_artifact, delete_artifact, update_artifact

_MISSING = "Artifact not found."


class Artifacts(ApiView):
    @takes(ArtifactCreate, needed=True)
    @answers(Artifact, 200, 201)
    def post(self, request: Request, body: ArtifactCreate) -> JsonAnswer:
        return JsonAnswer(artifact_answer(create_artifact(columns=columns_of(body))), 201)


class ArtifactById(ApiView):
    not_found = {errors.ArtifactNotFound: _MISSING}

    @answers(Artifact)
    def get(self, request: Request, artifact_id: UUID) -> dict[str, Any]:
        return _first(artifact_answers(models.Artifact.objects.filter(pk=artifact_id)))

    @takes(ArtifactUpdate)
    @answers(None, 204)
    def patch(self, request: Request, artifact_id: UUID, body: ArtifactUpdate) -> JsonAnswer:
        update_artifact(artifact_id=artifact_id, changes=columns_of(body))
        return no_content()

    @answers(None, 204)
    def delete(self, request: Request, artifact_id: UUID) -> JsonAnswer:
        delete_artifact(artifact_id=artifact_id)
        return no_content()


class LatestArtifact(ApiView):
    @answers(Artifact)
    def get(self, request: Request, key: str) -> dict[str, Any]:
        """The latest of this key; `id` and the times are those of the collection of its versions."""
        return _first(artifact_answers(models.ArtifactCollection.objects.filter(key=key)))


def _first(found: list[dict[str, Any]]) -> dict[str, Any]:
    if not found:
        raise NotFound(_MISSING)
    return found[0]
