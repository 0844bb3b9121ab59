"""Where is looked: one function for each kind of thing. `KINDS` is the list of all.

Tables of runs are long, so a part of a name is looked for in the newest of them; a whole name, the beginning of one and
an identifier are found by index, however old the run is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from django.db.models import Q, QuerySet

from deployments.models import Deployment, WorkPool, WorkQueue
from orchestrator.dashboard.search.hits import Asked, Hit, Kind
from orchestrator.pages.addresses import ADDRESSES, address_of
from orchestrator.pages.models import SavedView
from orchestrator.store.models import BlockDocument, Variable
from runs.models import ArtifactCollection, ConcurrencyLimit, Flow, FlowRun, TaskRun

MOST_HITS = 8  # of one kind
NEWEST = 20_000  # runs among which a part of a name is looked for
_HIGHEST = "\U0010ffff"


def flow_runs(asked: Asked, user_id: int | None) -> Kind:
    rows = FlowRun.objects.select_related("flow").only("name", "state_type", "state_name", "flow__name")
    found = _runs(rows, asked)
    return _kind(
        "Flow runs", [Hit(run.name, address_of("flow-run", run.pk), run.flow.name, _state(run)) for run in found]
    )


def task_runs(asked: Asked, user_id: int | None) -> Kind:
    rows = TaskRun.objects.select_related("flow_run").only("name", "state_type", "state_name", "flow_run__name")
    hits = [
        Hit(run.name, address_of("task-run", run.pk), f"of {run.flow_run.name}" if run.flow_run else "", _state(run))
        for run in _runs(rows, asked)
    ]
    return _kind("Task runs", hits)


def deployments(asked: Asked, user_id: int | None) -> Kind:
    rows = Deployment.objects.select_related("flow").only("name", "paused", "flow__name")
    found = rows.filter(_named(asked, "name", "flow__name")).order_by("name", "pk")[: MOST_HITS + 1]
    hits = [
        Hit(one.name, address_of("deployment", one.pk), f"{one.flow.name}, paused" if one.paused else one.flow.name)
        for one in found
    ]
    return _kind("Deployments", hits)


def flows(asked: Asked, user_id: int | None) -> Kind:
    found = Flow.objects.only("name").filter(_named(asked, "name")).order_by("name")[: MOST_HITS + 1]
    return _kind("Flows", [Hit(one.name, address_of("flow", one.pk)) for one in found])


def work_pools(asked: Asked, user_id: int | None) -> Kind:
    rows = WorkPool.objects.only("name", "type").filter(_named(asked, "name"))
    return _kind(
        "Work pools",
        [Hit(one.name, address_of("work-pool", one.name), one.type) for one in rows.order_by("name")[: MOST_HITS + 1]],
    )


def work_queues(asked: Asked, user_id: int | None) -> Kind:
    rows = WorkQueue.objects.select_related("work_pool").only("name", "work_pool__name").filter(_named(asked, "name"))
    found = rows.order_by("name", "pk")[: MOST_HITS + 1]
    return _kind("Work queues", [Hit(one.name, address_of("work-queue", one.pk), one.work_pool.name) for one in found])


def variables(asked: Asked, user_id: int | None) -> Kind:
    found = Variable.objects.only("name").filter(_named(asked, "name")).order_by("name")[: MOST_HITS + 1]
    return _kind("Variables", [Hit(one.name, f"{address_of('variables')}?q={quote(one.name)}") for one in found])


def blocks(asked: Asked, user_id: int | None) -> Kind:
    rows = (
        BlockDocument.objects.select_related("block_type").only("name", "block_type__name").filter(is_anonymous=False)
    )
    found = rows.filter(_named(asked, "name", "block_type__name")).order_by("name")[: MOST_HITS + 1]
    return _kind("Blocks", [Hit(one.name, address_of("block", one.pk), one.block_type.name) for one in found])


def artifacts(asked: Asked, user_id: int | None) -> Kind:
    rows = ArtifactCollection.objects.only("key", "type").filter(_named(asked, "key")).order_by("key")[: MOST_HITS + 1]
    return _kind(
        "Artifacts", [Hit(one.key, address_of("artifact-key", one.key), one.type or "") for one in rows if one.key]
    )


def limits(asked: Asked, user_id: int | None) -> Kind:
    rows = ConcurrencyLimit.objects.only("name", "limit").filter(_named(asked, "name")).order_by("name")
    hits = [
        Hit(one.name, address_of("concurrency-limit", one.pk), f"{one.limit} slots") for one in rows[: MOST_HITS + 1]
    ]
    return _kind("Limits", hits)


def saved_views(asked: Asked, user_id: int | None) -> Kind:
    rows = SavedView.objects.seen_by(user_id).filter(name__icontains=asked.text, list_kind__in=list(ADDRESSES))
    hits = [Hit(one.name, f"{address_of(one.list_kind)}?{one.address}", one.list_kind) for one in rows[: MOST_HITS + 1]]
    return _kind("Saved views", hits)


KINDS: tuple[Callable[[Asked, int | None], Kind], ...] = (
    flow_runs,
    deployments,
    flows,
    work_pools,
    work_queues,
    task_runs,
    artifacts,
    variables,
    blocks,
    limits,
    saved_views,
)


def find(asked: Asked, user_id: int | None) -> list[Kind]:
    """All kinds of which something was found. One query for each kind, two for runs."""
    return [kind for look in KINDS if (kind := look(asked, user_id)).hits] if asked.text else []


def _runs(rows: QuerySet[Any], asked: Asked) -> list[Any]:
    """By identifier, by the beginning of the name, then by any part of the name among the newest."""
    begins = Q(name=asked.text) | Q(name__gte=asked.text, name__lt=asked.text + _HIGHEST)
    if asked.first_id is not None:
        begins |= Q(pk__gte=asked.first_id, pk__lte=asked.last_id)
    found = list(rows.filter(begins).order_by("name", "-pk")[: MOST_HITS + 1])
    if len(found) <= MOST_HITS:
        newest = rows.model.objects.newest_first().values("pk")[:NEWEST]
        seen = {one.pk for one in found}
        parts = rows.filter(pk__in=newest, name__icontains=asked.text).order_by("-pk")
        found += [one for one in parts[: MOST_HITS + 1] if one.pk not in seen]
    return found[: MOST_HITS + 1]


def _named(asked: Asked, *columns: str) -> Q:
    condition = Q()
    for column in columns:
        condition |= Q(**{f"{column}__icontains": asked.text})
    if asked.first_id is not None:
        condition |= Q(pk__gte=asked.first_id, pk__lte=asked.last_id)
    return condition


def _kind(word: str, hits: list[Hit]) -> Kind:
    return Kind(word, tuple(hits[:MOST_HITS]), is_cut=len(hits) > MOST_HITS)


def _state(run: FlowRun | TaskRun) -> tuple[str | None, str | None]:
    return run.state_type, run.state_name
