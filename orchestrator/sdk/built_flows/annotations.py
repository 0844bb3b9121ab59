"""Marks around an argument of a call inside a block."""

from __future__ import annotations

from typing import Any, TypeVar

from orchestrator.sdk.built_flows.nodes import Node
from orchestrator.sdk.dependencies.annotations import Annotation, allow_failure, unmapped

T = TypeVar("T")


class mapped(Annotation[T]):
    """`save(mapped(rows), table)`: once for each row, the other arguments as they are."""

    __slots__ = ()


class flatten(Annotation[T]):
    """`save.map(flatten(pages))`: once for each item of each page."""

    __slots__ = ()


def is_mapped_argument(value: Any, *, asked: bool = True) -> bool:
    """Whether the node runs once for each item of it. `asked` says that the call is `.map(…)`; else only `mapped(…)`
    takes something apart."""
    if isinstance(value, mapped):
        return True
    if not asked or isinstance(value, unmapped):
        return False
    if isinstance(value, (flatten, allow_failure)):
        return is_mapped_argument(value.value)
    if isinstance(value, Node):
        return True
    return hasattr(type(value), "__iter__") and not isinstance(value, (str, bytes, bytearray, dict))


def without_marks(value: Any) -> Any:
    """The argument without `mapped(…)` and `unmapped(…)`, which have been looked at."""
    if isinstance(value, (mapped, unmapped)):
        return without_marks(value.value)
    return value
