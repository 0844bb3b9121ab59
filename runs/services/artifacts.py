"""What runs produce for people to read: written, changed, deleted; and for each key, which version is the latest."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from orchestrator.contract.events import resource
from orchestrator.contract.times import now
from orchestrator.events.emit import emit
from orchestrator.statements.writing import insert_rows
from runs.errors import ArtifactNotFound
from runs.models import Artifact, ArtifactCollection

# What a collection shows of its latest version.
_COPIED = ("type", "description", "data", "metadata", "flow_run_id", "task_run_id")
# How data of a state names the artifact that is made of it.
_NAMED_IN_DATA = {"artifact_key": "key", "artifact_type": "type", "artifact_description": "description"}


def create_artifact(*, columns: Mapping[str, Any]) -> Artifact:
    """A new artifact; with a key it becomes the latest version of that key. With an `id` that is stored: that one."""
    at = now()
    chosen = columns.get("id")
    if chosen is not None and (stored := Artifact.objects.filter(pk=chosen).first()) is not None:
        return stored
    artifact = Artifact(created=at, updated=at, **{name: value for name, value in columns.items() if name != "id"})
    artifact.pk = chosen or artifact.pk
    try:
        with transaction.atomic():
            insert_rows([artifact])
            if artifact.key is not None:
                _become_latest(artifact, artifact.key)
    except IntegrityError:
        if chosen is None:
            raise
        return Artifact.objects.get(pk=chosen)  # it came twice at the same moment
    return artifact


def record_result(*, data: Any, flow_run_id: UUID | None, task_run_id: UUID | None) -> None:
    """Keep the data of a state as an artifact of the run, if it describes a result that was stored somewhere."""
    if data is None or (isinstance(data, dict) and data.get("type") == "unpersisted"):
        return
    named: dict[str, Any] = {}
    if isinstance(data, dict):
        named = {column: data[name] for name, column in _NAMED_IN_DATA.items() if isinstance(data.get(name), str)}
        data = {name: value for name, value in data.items() if name not in _NAMED_IN_DATA}
    create_artifact(columns={**named, "data": data, "flow_run_id": flow_run_id, "task_run_id": task_run_id})


def update_artifact(*, artifact_id: UUID, changes: Mapping[str, Any]) -> None:
    """Set columns of an artifact, and of its key's collection while it is the latest. Raises ArtifactNotFound."""
    stamped = {**changes, "updated": now()}
    with transaction.atomic():
        # The collection before its version, as everybody locks them.
        ArtifactCollection.objects.filter(latest_id=artifact_id).update(**stamped)
        if not Artifact.objects.filter(pk=artifact_id).update(**stamped):
            raise ArtifactNotFound(artifact_id)


def delete_artifact(*, artifact_id: UUID) -> None:
    """If it was the latest of its key, the version before it becomes the latest. Raises ArtifactNotFound."""
    if not delete_artifacts(artifact_ids=[artifact_id]):
        raise ArtifactNotFound(artifact_id)


def delete_artifacts(*, artifact_ids: Collection[UUID]) -> int:
    """Delete those that exist, at most a few hundred at a time. Returns how many there were."""
    with transaction.atomic():
        # Locked in one order by everybody who deletes.
        collections = ArtifactCollection.objects.select_for_update().filter(latest_id__in=artifact_ids).order_by("pk")
        orphaned = list(collections)
        _, deleted = Artifact.objects.filter(pk__in=artifact_ids).delete()
        for collection in orphaned:
            _fall_back(collection)
    return deleted.get(Artifact._meta.label, 0)


def latest_of(artifacts: Iterable[Artifact]) -> frozenset[UUID]:
    """Those that no newer one of the same key replaced; those without a key are never replaced."""
    artifacts = list(artifacts)
    keyed = [artifact.pk for artifact in artifacts if artifact.key is not None]
    latest = ArtifactCollection.objects.filter(latest_id__in=keyed).values_list("latest_id", flat=True) if keyed else ()
    return frozenset({artifact.pk for artifact in artifacts if artifact.key is None}.union(latest))


def _become_latest(artifact: Artifact, key: str) -> None:
    """One statement for both cases, so that two first versions at the same moment make one collection."""
    at = artifact.created
    row = ArtifactCollection(key=key, latest_id=artifact.pk, created=at, **_copied(artifact))
    ArtifactCollection.objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["key"], update_fields=["latest_id", "updated", *_COPIED]
    )
    stored = ArtifactCollection.objects.get(key=key)
    _tell("created" if stored.created == at else "updated", stored)


def _fall_back(collection: ArtifactCollection) -> None:
    previous = Artifact.objects.versions_of(collection.key).first()
    if previous is None:
        _tell("deleted", collection)
        collection.delete()
        return
    times = {"created": previous.created, "updated": previous.updated}
    copied = {"latest_id": previous.pk, **times, **_copied(previous)}
    ArtifactCollection.objects.filter(pk=collection.pk).update(**copied)
    for column, value in copied.items():
        setattr(collection, column, value)
    _tell("updated", collection)


def _copied(artifact: Artifact) -> dict[str, Any]:
    return {column: getattr(artifact, column) for column in _COPIED}


def _tell(what: str, collection: ArtifactCollection) -> None:
    related = [resource("artifact", collection.latest_id, role="latest")]
    if collection.flow_run_id:
        related.append(resource("flow-run", collection.flow_run_id, role="flow-run"))
    if collection.task_run_id:
        related.append(resource("task-run", collection.task_run_id, role="task-run"))
    emit(
        event=f"prefect.artifact-collection.{what}",
        resource=resource("artifact-collection", collection.pk, name=collection.key),
        related=related,
        payload={
            "key": collection.key,
            "type": collection.type,
            "data": collection.data,
            "description": collection.description,
        },
    )
