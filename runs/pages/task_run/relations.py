"""What a task run was given by others, and which others were given what it made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import TextField
from django.db.models.functions import Cast

from runs.models import CachedState, TaskRun
from runs.models.task_caches import digest_of
from runs.services.graph import PARENTS_KEY, RUN_KINDS, upstream_ids

MOST_DOWNSTREAM = 50
_SHOWN = ("id", "name", "state_type", "state_name", "flow_run_id")


@dataclass(frozen=True, slots=True)
class Input:
    parameter: str
    tasks: list[TaskRun]  # whose results it was given
    kinds: list[str]  # of other things that it was given


@dataclass(frozen=True, slots=True)
class Downstream:
    tasks: Sequence[TaskRun]
    has_more: bool


def inputs_of(task: TaskRun) -> list[Input]:
    """Each parameter with the task runs whose results it was given. One query."""
    by_parameter = {
        name: upstream_ids({name: given}) for name, given in task.task_inputs.items() if name != PARENTS_KEY
    }
    wanted = {found for ids in by_parameter.values() for found in ids}
    known = {found.id: found for found in TaskRun.objects.filter(id__in=wanted).only(*_SHOWN)} if wanted else {}
    return [
        Input(
            parameter="waited for" if name == "wait_for" else name,
            tasks=[known[found] for found in ids if found in known],
            kinds=sorted(
                {str(one.get("input_type")) for one in _as_list(task.task_inputs[name]) if isinstance(one, dict)}
                - set(RUN_KINDS)
            ),
        )
        for name, ids in by_parameter.items()
    ]


def downstream_of(task: TaskRun) -> Downstream:
    """The task runs of the same flow run that were given its result, or waited for it. One query."""
    if task.flow_run_id is None:
        return Downstream([], has_more=False)
    others = TaskRun.objects.filter(flow_run_id=task.flow_run_id).exclude(id=task.id)
    naming = others.alias(inputs=Cast("task_inputs", TextField())).filter(inputs__contains=str(task.id))
    found = list(naming.only(*_SHOWN, "task_inputs").order_by("expected_start_time", "id")[: MOST_DOWNSTREAM + 1])
    fed = [other for other in found if task.id in upstream_ids(other.task_inputs)]  # not only called inside it
    return Downstream(fed[:MOST_DOWNSTREAM], has_more=len(found) > MOST_DOWNSTREAM)


def cache_source_of(task: TaskRun) -> TaskRun | None:
    """The task run whose result was taken over, where the server knows it; None for one that was executed."""
    key = _cache_key(task)
    if task.state_name != "Cached" or not key:
        return None
    kept = CachedState.objects.filter(key_digest=digest_of(key)).select_related("state__task_run").order_by("-id")
    first = kept.exclude(state__task_run=task).first()
    if first is not None:
        return first.state.task_run
    if task.flow_run_id is None:
        return None
    beside = TaskRun.objects.filter(flow_run_id=task.flow_run_id, state__state_details__cache_key=key)
    return beside.exclude(id=task.id).exclude(state_name="Cached").only(*_SHOWN).order_by("-end_time").first()


def _cache_key(task: TaskRun) -> Any:
    return task.cache_key or _details(task).get("cache_key")


def _details(task: TaskRun) -> dict[str, Any]:
    return (task.state or {}).get("state_details") or {}


def _as_list(given: Any) -> list[Any]:
    return given if isinstance(given, list) else []
