"""The tasks behind the operators of nodes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from orchestrator.sdk.tasks.task import Task

# what is run -> how it is spelled
_OF_TWO: dict[str, Callable[[Any, Any], Any]] = {
    "Add": lambda x, y: x + y,
    "Sub": lambda x, y: x - y,
    "Mul": lambda x, y: x * y,
    "Div": lambda x, y: x / y,
    "FloorDiv": lambda x, y: x // y,
    "Mod": lambda x, y: x % y,
    "Pow": lambda x, y: x**y,
    "And": lambda x, y: bool(x and y),
    "Or": lambda x, y: bool(x or y),
    "Equal": lambda x, y: x == y,
    "NotEqual": lambda x, y: x != y,
    "GreaterThan": lambda x, y: x > y,
    "GreaterThanOrEqual": lambda x, y: x >= y,
    "LessThan": lambda x, y: x < y,
    "LessThanOrEqual": lambda x, y: x <= y,
}


@cache
def operation_task(name: str) -> Task[Any, Any]:
    """The task of this operation, such as `Add` or `GetItem`."""
    function: Callable[..., Any]
    if name == "GetItem":
        function = _get_item
    elif name == "Not":
        function = _not
    else:
        function = _OF_TWO[name]
    return Task(function, name=name)


def _get_item(task_result: Any, key: Any) -> Any:
    return task_result[key]


def _not(x: Any) -> bool:
    return not x
