"""By what flows, flow runs, task runs and logs can be filtered and sorted."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, TextField, Value
from django.db.models.functions import Coalesce, Concat
from django.db.models.lookups import IContains
from pydantic import Field

from orchestrator.contract.states import StateType
from orchestrator.rest.filters import (
    Condition,
    Filter,
    all_of,
    any_of,
    bare,
    custom,
    entity_filter,
    exists,
    field,
    group,
    parts_of,
    tags,
    timed,
)
from orchestrator.rest.search import add_entity, link
from orchestrator.rest.sorting import began, last
from orchestrator.rest.text_search import MAX_QUERY_LENGTH, TextQuery
from runs.models import Flow, FlowRun, FlowRunTag, Log, TaskRun, TaskRunTag
from runs.services.subflows import is_subflow_of

_BEGAN = Coalesce("start_time", "expected_start_time")


def _has_deployment(value: bool) -> Q:
    # Reached through the relation, because deployments are not known here.
    deployments = Flow._meta.get_field("deployments").related_model
    found = Q(Exists(deployments._default_manager.filter(flow=OuterRef("pk"))))
    return ~found if value else found


def _is_subflow(value: bool) -> Q:
    found = Q(Exists(FlowRun.objects.filter(parent_task_run=OuterRef("pk"))))
    return found if value else ~found


def _in_state(filled: Filter) -> Q:
    """By type, by name, or both; a part that asks for nothing is no alternative."""
    parts = [part for part in parts_of(filled) if part]
    return any_of(parts) if parts and filled.operator == "or_" else all_of(parts)  # type: ignore[attr-defined]


def _state_field(column: str, kind: Any, *operators: str) -> Condition:
    """Whoever names states to be in and states not to be in, both at once, has asked for nothing."""
    asked = field(column, kind, *operators)

    def compile(filled: Any) -> Q:
        both = filled.any_ is not None and getattr(filled, "not_any_", None)
        return Q() if both else asked.compile(filled)

    return replace(asked, compile=compile)


def _of_flow_run(filled: Any) -> Q:
    """Naming flow runs, or asking for none, overrules the default, which is any."""
    if filled.is_null_:
        return Q(flow_run_id__isnull=True)
    if filled.any_ is not None:
        return Q(flow_run_id__in=filled.any_)
    return Q(flow_run_id__isnull=False) if filled.is_null_ is False else Q()


def _contains_text(query: str) -> Q:
    wanted = TextQuery.parse(query)
    searched = Concat("message", Value(" "), "name", output_field=TextField())

    def has(term: str) -> Q:
        return Q(IContains(searched, term))

    some = any_of([has(term) for term in wanted.some]) if wanted.some else Q()
    return some & all_of([has(term) for term in wanted.all]) & all_of([~has(term) for term in wanted.none])


FlowFilter = entity_filter(
    "FlowFilter",
    id=field("id", UUID, "any_", "not_any_"),
    name=field("name", str, "any_", "like_"),
    tags=tags("tags", "all_", "is_null_"),
    deployment=exists(_has_deployment, combined=True),
)

FlowRunFilter = entity_filter(
    "FlowRunFilter",
    id=field("id", UUID, "any_", "not_any_"),
    name=field("name", str, "any_", "like_"),
    tags=tags("tags", "all_", "any_", "is_null_", rows=lambda: FlowRunTag.objects, owner="flow_run_id"),
    deployment_id=field("deployment_id", UUID, "any_", "is_null_", combined=True),
    work_queue_name=field("work_queue_name", str, "any_", "is_null_", combined=True),
    state=replace(
        group(
            type=_state_field("state_type", StateType, "any_", "not_any_"),
            name=_state_field("state_name", str, "any_", "not_any_"),
            combined=True,
        ),
        compile=_in_state,
    ),
    flow_version=field("flow_version", str, "any_"),
    start_time=timed(_BEGAN, "before_", "after_", "is_null_", null_column="start_time"),
    end_time=timed("end_time", "before_", "after_", "is_null_"),
    expected_start_time=timed("expected_start_time", "before_", "after_"),
    next_scheduled_start_time=timed("next_scheduled_start_time", "before_", "after_"),
    parent_flow_run_id=replace(
        field("parent_task_run__flow_run_id", UUID, "any_", combined=True),
        compile=lambda filled: Q() if filled.any_ is None else is_subflow_of(filled.any_),
    ),
    parent_task_run_id=field("parent_task_run_id", UUID, "any_", "is_null_", combined=True),
    idempotency_key=field("idempotency_key", str, "any_", "not_any_"),
    created_by=group(
        id_=bare(list[UUID], lambda ids: Q(created_by__id__in=[str(id) for id in ids])),
        type_=bare(list[str], lambda types: Q(created_by__type__in=types)),
        is_null_=bare(bool, lambda value: Q(created_by__isnull=value)),
        combined=True,
    ),
)

TaskRunFilter = entity_filter(
    "TaskRunFilter",
    id=field("id", UUID, "any_"),
    name=field("name", str, "any_", "like_"),
    tags=tags("tags", "all_", "is_null_", rows=lambda: TaskRunTag.objects, owner="task_run_id"),
    state=replace(
        group(
            type=_state_field("state_type", StateType, "any_"),
            name=_state_field("state_name", str, "any_"),
            combined=True,
        ),
        compile=_in_state,
    ),
    start_time=timed("start_time", "before_", "after_", "is_null_", found_by=_BEGAN),
    end_time=timed("end_time", "before_", "after_", "is_null_"),
    expected_start_time=timed("expected_start_time", "before_", "after_"),
    subflow_runs=exists(_is_subflow, "exists_"),
    flow_run_id=replace(
        group(
            any_=bare(list[UUID], lambda ids: Q(flow_run_id__in=ids)),
            is_null_=bare(bool, lambda value: Q(flow_run_id__isnull=value), default=False),
            combined=True,
        ),
        compile=_of_flow_run,
    ),
)

LogFilter = entity_filter(
    "LogFilter",
    level=field("level", int, "ge_", "le_"),
    timestamp=timed("timestamp", "before_", "after_"),
    flow_run_id=field("flow_run_id", UUID, "any_"),
    task_run_id=field("task_run_id", UUID, "any_", "is_null_"),
    text=custom(
        "query",
        Annotated[str, Field(max_length=MAX_QUERY_LENGTH)],
        _contains_text,
        lambda has, query: TextQuery.parse(query).matches(has or ""),
        required=True,
    ),
)

_NAMED = {"NAME_ASC": ("name", "id"), "NAME_DESC": ("-name", "-id")}
_NEWEST = {"ID_DESC": ("-id",)}
_PLANNED = {
    "EXPECTED_START_TIME_ASC": ("expected_start_time", "id"),
    "EXPECTED_START_TIME_DESC": ("-expected_start_time", "-id"),
    **_NAMED,
    "NEXT_SCHEDULED_START_TIME_ASC": (last("next_scheduled_start_time"), "id"),
    "END_TIME_DESC": (last("end_time", descending=True), "-id"),
}

FLOWS = add_entity(
    "flows",
    "Flow",
    model=Flow,
    filter=FlowFilter,
    orders={"CREATED_DESC": ("-created",), "UPDATED_DESC": ("-updated",), **_NAMED},
    default_order="NAME_ASC",
    alongside=("flow_runs", "task_runs", "deployments", "work_pools"),
)
FLOW_RUNS = add_entity(
    "flow_runs",
    "FlowRun",
    model=FlowRun,
    filter=FlowRunFilter,
    orders={
        **_NEWEST,
        "START_TIME_ASC": (began(descending=False), "id"),
        "START_TIME_DESC": (began(descending=True), "-id"),
        **_PLANNED,
    },
    default_order="ID_DESC",
)
TASK_RUNS = add_entity(
    "task_runs",
    "TaskRun",
    model=TaskRun,
    filter=TaskRunFilter,
    orders={**_NEWEST, **_PLANNED},
    default_order="ID_DESC",
    alongside=("flows", "flow_runs", "deployments"),
)
LOGS = add_entity(
    "logs",
    "Log",
    model=Log,
    filter=LogFilter,
    orders={"TIMESTAMP_ASC": ("timestamp", "id"), "TIMESTAMP_DESC": ("-timestamp", "-id")},
    default_order="TIMESTAMP_ASC",
    alongside=(),
)

link("flows", "flow_runs", lambda runs: Q(pk__in=runs.values("flow_id")))
link("flows", "task_runs", lambda tasks: Q(pk__in=tasks.values("flow_run__flow_id")))
link("flow_runs", "flows", lambda flows: Q(flow__in=flows.values("pk")))
link("flow_runs", "task_runs", lambda tasks: Q(pk__in=tasks.values("flow_run_id")))
link("task_runs", "flows", lambda flows: Q(flow_run__flow__in=flows.values("pk")))
link("task_runs", "flow_runs", lambda runs: Q(flow_run__in=runs.values("pk")))
