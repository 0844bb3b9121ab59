"""By what artifacts, and the latest artifacts of each key, can be filtered and sorted."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q

from orchestrator.rest.filters import bare, entity_filter, field, group
from orchestrator.rest.search import Entity, add_entity, link
from runs.models import Artifact, ArtifactCollection, FlowRun

_KEY = group(
    any_=bare(list[str], lambda keys: Q(key__in=keys)),
    like_=bare(str, lambda part: Q(key__icontains=part)),
    exists_=bare(bool, lambda exists: Q(key__isnull=not exists)),
)
# Whatever has no type, as results have none, is not among those of other types either.
_TYPE = group(
    any_=bare(list[str], lambda types: Q(type__in=types)),
    not_any_=bare(list[str], lambda types: Q(type__isnull=False) & ~Q(type__in=types)),
)
_OF_RUNS = {
    "flow_run_id": field("flow_run_id", UUID, "any_"),
    "task_run_id": field("task_run_id", UUID, "any_"),
}
_ORDERS = {
    "CREATED_DESC": ("-created", "-id"),
    "UPDATED_DESC": ("-updated", "-id"),
    "ID_DESC": ("-id",),
    "KEY_DESC": ("-key", "-id"),
    "KEY_ASC": ("key", "id"),
}
_ALONGSIDE = ("flow_runs", "task_runs", "flows", "deployments")

ArtifactFilter = entity_filter("ArtifactFilter", id=field("id", UUID, "any_"), key=_KEY, **_OF_RUNS, type=_TYPE)
ArtifactCollectionFilter = entity_filter(
    "ArtifactCollectionFilter", latest_id=field("latest_id", UUID, "any_"), key=_KEY, **_OF_RUNS, type=_TYPE
)

ARTIFACTS = add_entity(
    "artifacts",
    "Artifact",
    model=Artifact,
    filter=ArtifactFilter,
    orders=_ORDERS,
    default_order="ID_DESC",
    alongside=_ALONGSIDE,
)
# The filters of both come under the same key, and both hang together with runs by the same columns.
COLLECTIONS = Entity(
    key="artifacts",
    title="ArtifactCollection",
    model=ArtifactCollection,
    filter=ArtifactCollectionFilter,
    orders=_ORDERS,
    default_order="ID_DESC",
    alongside=_ALONGSIDE,
)

link("artifacts", "flow_runs", lambda runs: Q(flow_run_id__in=runs.values("pk")))
link("artifacts", "task_runs", lambda tasks: Q(task_run_id__in=tasks.values("pk")))
link(
    "artifacts",
    "flows",
    lambda flows: Q(flow_run_id__in=FlowRun.objects.filter(flow__in=flows.values("pk")).values("pk")),
)
link(
    "artifacts",
    "deployments",
    lambda found: Q(flow_run_id__in=FlowRun.objects.filter(deployment__in=found.values("pk")).values("pk")),
)
