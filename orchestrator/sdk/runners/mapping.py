"""`.map()`: one run per item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.sdk.dependencies.annotations import Annotation, allow_failure, unmapped
from orchestrator.sdk.dependencies.futures import FutureList, TaskFuture
from orchestrator.sdk.errors import MappingLengthMismatch, MappingMissingIterable
from orchestrator.sdk.runners.submitting import submit

if TYPE_CHECKING:
    from orchestrator.sdk.tasks.task import Task


def map_task(
    task: Task[Any, Any], parameters: dict[str, Any], *, wait_for: Any = None, deferred: bool = False
) -> FutureList[Any]:
    """Submit one run per item; `deferred` delays them instead, for whoever serves the task.

    Raises MappingError when there is nothing to take apart, or the lengths differ.
    """
    runs = _parameters_of_runs(task, parameters)
    if deferred:
        from orchestrator.sdk.background_tasks.delaying import delay_bound

        return FutureList(delay_bound(task, each, wait_for=wait_for) for each in runs)
    return FutureList(submit(task, each, wait_for=wait_for) for each in runs)


def _parameters_of_runs(task: Task[Any, Any], parameters: dict[str, Any]) -> list[dict[str, Any]]:
    items: dict[str, list[Any]] = {}
    fixed: dict[str, Any] = {}
    for name, value in parameters.items():
        taken = _taken_apart(value)
        if taken is None:
            fixed[name] = value.value if isinstance(value, unmapped) else value
        else:
            items[name] = taken
    if not items:
        raise MappingMissingIterable(f"Task {task.name!r}: .map() needs a list or another iterable among its arguments")
    lengths = {name: len(values) for name, values in items.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise MappingLengthMismatch(f"Task {task.name!r}: the arguments of .map() differ in length: {told}")
    count = next(iter(lengths.values()))
    return [
        {name: items[name][index] if name in items else fixed[name] for name in parameters} for index in range(count)
    ]


def _taken_apart(value: Any) -> list[Any] | None:
    """The items; None for a value that every run gets whole."""
    if isinstance(value, unmapped):
        return None
    if isinstance(value, allow_failure):
        inner = _taken_apart(value.value)
        return None if inner is None else [allow_failure(item) for item in inner]
    if isinstance(value, (Annotation, str, bytes, bytearray, dict)):
        return None
    if isinstance(value, TaskFuture):
        # What it holds is known only when it has ended.
        return _taken_apart(value.result())
    try:
        return list(value)
    except TypeError:
        return None
