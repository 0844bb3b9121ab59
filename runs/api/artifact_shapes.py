"""What artifacts look like in requests and answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.db.models import QuerySet
from pydantic import AfterValidator

from orchestrator.rest.answering import Shape
from orchestrator.rest.asked_rows import AskedRows
from orchestrator.rest.bodies import Body
from orchestrator.rest.rows import read_rows

_KEY_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")


def _usable_key(key: str) -> str:
    if not _KEY_LETTERS.issuperset(key):
        raise ValueError("Artifact key must only contain lowercase letters, numbers, and dashes.")
    return key


ArtifactKey = Annotated[str, AfterValidator(_usable_key)]


LONGEST_METADATA = 500  # characters of one value; the rest is cut off


def _cut(metadata: dict[str, str]) -> dict[str, str]:
    return {
        key: value if len(value) <= LONGEST_METADATA else value[:LONGEST_METADATA] + "..."
        for key, value in metadata.items()
    }


Metadata = Annotated[dict[str, str], AfterValidator(_cut)]


class ArtifactCreate(Body):
    """`id` is an addition: a client that chose it may send the artifact again."""

    id: UUID | None = None
    key: ArtifactKey | None = None
    type: str | None = None
    description: str | None = None
    data: dict[str, Any] | Any | None = None
    metadata_: Metadata | None = None
    flow_run_id: UUID | None = None
    task_run_id: UUID | None = None


class ArtifactUpdate(Body):
    data: dict[str, Any] | Any | None = None
    description: str | None = None
    metadata_: Metadata | None = None


class Artifact(Shape):
    id: UUID
    created: datetime | None
    updated: datetime | None
    key: str | None
    type: str | None
    description: str | None
    data: dict[str, Any] | Any | None
    metadata_: dict[str, str] | None
    flow_run_id: UUID | None
    task_run_id: UUID | None


class ArtifactCollection(Shape):
    id: UUID
    created: datetime | None
    updated: datetime | None
    key: str
    latest_id: UUID
    type: str | None
    description: str | None
    data: dict[str, Any] | Any | None
    metadata_: dict[str, str] | None
    flow_run_id: UUID | None
    task_run_id: UUID | None


_COLUMNS = (
    "id",
    "created",
    "updated",
    "key",
    "type",
    "description",
    "data",
    "metadata",
    "flow_run_id",
    "task_run_id",
)


def columns_of(body: ArtifactCreate | ArtifactUpdate) -> dict[str, Any]:
    """The columns that a body sets."""
    given = body.given()
    if "metadata_" in given:
        given["metadata"] = given.pop("metadata_")
    return given


def artifact_answers(rows: QuerySet | AskedRows) -> list[dict[str, Any]]:
    return [_answer(row) for row in read_rows(rows, _COLUMNS)]


def collection_answers(rows: QuerySet | AskedRows) -> list[dict[str, Any]]:
    return [_answer(row) for row in read_rows(rows, (*_COLUMNS, "latest_id"))]


def artifact_answer(artifact: Any) -> dict[str, Any]:
    return _answer({column: getattr(artifact, column) for column in _COLUMNS})


def _answer(row: dict[str, Any]) -> dict[str, Any]:
    row["metadata_"] = row.pop("metadata")
    return row
