"""What the services make before anything is copied: deployments, and a run of every kind, which becomes a specimen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet

from benchmarks.filling.copies import Cutter, Part, Row, Rows
from benchmarks.filling.plan import Plan
from benchmarks.filling.specimens import KINDS, RUN_NAME, Kind
from deployments.models import Deployment
from deployments.services.deployments import apply_deployment, delete_deployment
from deployments.services.scheduling import plan_due_schedules
from deployments.services.work_pools import create_work_pool, delete_work_pool
from deployments.services.work_queues import create_work_queue
from deployments.services.workers import record_heartbeat
from orchestrator.contract.times import format_time
from orchestrator.events.models import Event, RelatedResource
from runs.models import (
    Claim,
    FlowRun,
    FlowRunState,
    FlowRunTag,
    Log,
    StateDeadline,
    TaskRun,
    TaskRunState,
    TaskRunTag,
)
from runs.services.flow_runs import delete_flow_run
from runs.services.flows import delete_flow, get_or_create_flow
from runs.services.leftovers import clear_leftovers

Read = Callable[[str, Sequence[str], str, Sequence[Any]], list[Row]]  # table, columns, key, keys

POOLS = {"bench-east": ("default", "nightly"), "bench-west": ("default", "urgent")}
# What is told of runs, in three parts: not every copy has all of them.
CORE: tuple[type[Model], ...] = (
    FlowRun,
    FlowRunState,
    FlowRunTag,
    TaskRun,
    TaskRunState,
    TaskRunTag,
    Claim,
    StateDeadline,
)
COPIED: tuple[type[Model], ...] = (*CORE, Log, Event, RelatedResource)
_LONG_HEARTBEAT = 86_400  # seconds: the workers stay online without a process that says so
_POOL, _QUEUE, _FLOW, _DEPLOYMENT = "specimen-pool", "specimen-queue", "specimen-flow", "specimen-deployment"
_TAGS = ("specimen-team", "specimen-stage")


@dataclass(frozen=True, slots=True)
class Fact:
    """What copies of a run will be: moments are microseconds after the specimen's beginning."""

    state_type: str
    began: int  # or was to begin
    expected: int
    tags: tuple[str, ...]
    is_subflow: bool = False


@dataclass(slots=True)
class Specimen:
    kind: Kind
    core: Part
    logs: Part
    events: Part
    event_count: int
    seconds: float  # that it took
    runs: list[Fact] = field(default_factory=list)
    tasks: list[Fact] = field(default_factory=list)
    row_counts: Counter[str] = field(default_factory=Counter)

    def stretch_to(self, seconds: float | None) -> float:
        """By how much a copy of so many seconds is stretched; None: not at all."""
        return 1.0 if seconds is None else seconds / self.seconds


def make_deployments(plan: Plan) -> list[dict[str, str]]:
    """Their words for the gaps of copies, by their place in the plan. Each runs once a day, not soon."""
    for pool, queues in POOLS.items():
        create_work_pool(name=pool, type="celery")
        for queue in queues[1:]:
            create_work_queue(pool_name=pool, name=queue)
    words = []
    for place in range(plan.deployments):
        flow, _ = get_or_create_flow(name=f"flow-{place // 2:03}")
        pool = list(POOLS)[place % 2]
        anchor = plan.until + timedelta(hours=8, seconds=place * 60)
        deployment, _ = apply_deployment(
            flow_id=flow.pk,
            name=f"deployment-{place:03}",
            changes={
                "tags": list(plan.tags_of(place)),
                "work_pool_name": pool,
                "work_queue_name": POOLS[pool][place // 2 % 2],
                "entrypoint": "flows.py:main",
                "version": "1",
            },
            schedules=[{"schedule": {"interval": 86_400.0, "anchor_date": format_time(anchor), "timezone": "UTC"}}],
        )
        words.append(_words_of(deployment))
    return words


def plan_ahead() -> int:
    """Workers are there, and the schedules' runs are made. Returns how many runs are planned."""
    for pool in POOLS:
        record_heartbeat(
            pool_name=pool, worker_name=f"worker-{pool}", heartbeat_interval_seconds=_LONG_HEARTBEAT, concurrency=8
        )
    while plan_due_schedules():
        pass
    return FlowRun.objects.scheduled().filter(auto_scheduled=True).count()


def record_specimens(read: Read) -> dict[str, Specimen]:
    """By the name of their kind. Afterwards the database has none of them."""
    create_work_pool(name=_POOL, type="celery")
    create_work_queue(pool_name=_POOL, name=_QUEUE)
    flow, _ = get_or_create_flow(name=_FLOW)
    apply_deployment(
        flow_id=flow.pk,
        name=_DEPLOYMENT,
        changes={
            "tags": list(_TAGS),
            "work_pool_name": _POOL,
            "work_queue_name": _QUEUE,
            "entrypoint": "flows.py:main",
            "version": "1",
        },
    )
    deployment = Deployment.objects.select_related("flow", "work_queue__work_pool").get(name=_DEPLOYMENT)
    found = {kind.name: _specimen(kind, deployment, read) for kind in KINDS}
    delete_deployment(deployment_id=deployment.pk)
    delete_flow(flow_id=flow.pk)
    delete_work_pool(name=_POOL)
    return found


def rows_of(run_ids: Sequence[UUID]) -> dict[type[Model], QuerySet[Any]]:
    """All that is stored of these flow runs."""
    tasks = TaskRun.objects.filter(flow_run__in=run_ids)
    names = [f"prefect.flow-run.{id}" for id in run_ids]
    names += [f"prefect.task-run.{id}" for id in tasks.values_list("pk", flat=True)]
    events = Event.objects.filter(resource_id__in=names)
    return {
        FlowRun: FlowRun.objects.filter(pk__in=run_ids),
        FlowRunState: FlowRunState.objects.filter(flow_run__in=run_ids),
        FlowRunTag: FlowRunTag.objects.filter(flow_run__in=run_ids),
        TaskRun: tasks,
        TaskRunState: TaskRunState.objects.filter(task_run__in=tasks.values("pk")),
        TaskRunTag: TaskRunTag.objects.filter(task_run__in=tasks.values("pk")),
        Claim: Claim.objects.filter(flow_run__in=run_ids),
        StateDeadline: StateDeadline.objects.filter(flow_run__in=run_ids),
        Log: Log.objects.filter(flow_run_id__in=run_ids),
        Event: events,
        RelatedResource: RelatedResource.objects.filter(event__in=events.values("pk")),
    }


def _specimen(kind: Kind, deployment: Deployment, read: Read) -> Specimen:
    begin = datetime.now(UTC)
    run_ids = kind.record(deployment)
    rows = rows_of(run_ids)
    keys = {model: list(found.order_by("pk").values_list("pk", flat=True)) for model, found in rows.items()}
    tables = {model: _read(model, keys[model], read) for model in COPIED}
    own = [key for found in keys.values() for key in found if isinstance(key, UUID)]
    own += rows[Event].values_list("id", flat=True)
    words = {text: gap for gap, text in _words_of(deployment).items() if len(text) > 7}
    words |= {RUN_NAME: "run_name"}
    first_event = min(keys[Event], default=0)
    cutter = Cutter(begin=begin, own=own, words=words, first_event=first_event)
    ends = [state.timestamp for model in (FlowRunState, TaskRunState) for state in rows[model]]
    specimen = Specimen(
        kind,
        core=cutter.cut(tables[model] for model in CORE),
        logs=cutter.cut([tables[Log]]),
        events=cutter.cut([tables[Event], tables[RelatedResource]]),
        event_count=max(keys[Event], default=0) - first_event + 1,
        seconds=(max(ends) - begin).total_seconds(),
        runs=[_fact(run, begin) for run in rows[FlowRun]],
        tasks=[_fact(run, begin) for run in rows[TaskRun]],
        row_counts=Counter({model._meta.db_table: len(found) for model, found in keys.items()}),
    )
    for run_id in reversed(run_ids):
        delete_flow_run(flow_run_id=run_id)
    while clear_leftovers():
        pass
    RelatedResource.objects.filter(pk__in=keys[RelatedResource]).delete()
    Event.objects.filter(pk__in=keys[Event]).delete()
    return specimen


def _read(model: type[Model], keys: Sequence[Any], read: Read) -> Rows:
    meta: Any = model._meta
    # The database numbers rows by itself; those of events have to be known, as others refer to them.
    fields = [one for one in meta.concrete_fields if not (one.get_internal_type() == "BigAutoField" and model != Event)]
    columns = tuple(one.column for one in fields)
    number = {Event: "sequence", RelatedResource: "event_id"}.get(model)
    written = [key.hex if isinstance(key, UUID) and _is_sqlite() else key for key in keys]
    return Rows(
        meta.db_table,
        columns,
        read(meta.db_table, columns, meta.pk.column, written) if keys else [],
        scaled=frozenset({"total_run_time"} & set(columns)),
        numbered=frozenset({number} if number else ()),
    )


def _fact(run: Any, begin: datetime) -> Fact:
    microsecond = timedelta(microseconds=1)
    began = run.start_time or run.expected_start_time
    return Fact(
        run.state_type,
        began=(began - begin) // microsecond,
        expected=(run.expected_start_time - begin) // microsecond,
        tags=tuple(run.tags),
        is_subflow=getattr(run, "parent_task_run_id", None) is not None,
    )


def _words_of(deployment: Deployment) -> dict[str, str]:
    queue: Any = deployment.work_queue
    ids = {"flow": deployment.flow_id, "deployment": deployment.pk, "queue": queue.pk, "pool": queue.work_pool_id}
    return {
        **{name: str(id) for name, id in ids.items()},
        **{f"{name}_hex": id.hex for name, id in ids.items()},
        "flow_name": deployment.flow.name,
        "deployment_name": deployment.name,
        "queue_name": queue.name,
        "pool_name": queue.work_pool.name,
        "team": deployment.tags[0],
        "stage": deployment.tags[1],
    }


def _is_sqlite() -> bool:
    from django.db import connection

    return connection.vendor == "sqlite"
