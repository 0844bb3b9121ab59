"""What can be written with a node inside a block: `rows["a"]`, `a + b`, `a == b`, each of which makes a node."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from orchestrator.sdk.built_flows.opening import open_block, the_block
from orchestrator.sdk.built_flows.operations import operation_task
from orchestrator.sdk.errors import BuildError

if TYPE_CHECKING:
    from orchestrator.sdk.built_flows.nodes import Node


def _forward(operation: str) -> Callable[[Any, Any], Node]:
    def make(self: Any, other: Any) -> Node:
        return _operation(operation, self, other)

    make.__doc__ = f"The node of the operation {operation} on this value and another one."
    return make


def _backward(operation: str) -> Callable[[Any, Any], Node]:
    def make(self: Any, other: Any) -> Node:
        return _operation(operation, other, self)

    make.__doc__ = f"The node of the operation {operation} on another value and this one."
    return make


class Operators:
    """The operators of nodes. Outside of a block two nodes are equal when they are the same."""

    __hash__ = object.__hash__

    __getitem__ = _forward("GetItem")
    __add__ = _forward("Add")
    __sub__ = _forward("Sub")
    __mul__ = _forward("Mul")
    __truediv__ = _forward("Div")
    __floordiv__ = _forward("FloorDiv")
    __mod__ = _forward("Mod")
    __pow__ = _forward("Pow")
    __and__ = _forward("And")
    __gt__ = _forward("GreaterThan")
    __ge__ = _forward("GreaterThanOrEqual")
    __lt__ = _forward("LessThan")
    __le__ = _forward("LessThanOrEqual")
    __radd__ = _backward("Add")
    __rsub__ = _backward("Sub")
    __rmul__ = _backward("Mul")
    __rtruediv__ = _backward("Div")
    __rfloordiv__ = _backward("FloorDiv")
    __rmod__ = _backward("Mod")
    __rpow__ = _backward("Pow")
    __rand__ = _backward("And")
    is_equal = _forward("Equal")
    is_not_equal = _forward("NotEqual")
    or_ = _forward("Or")

    def __eq__(self, other: object) -> Any:
        return NotImplemented if open_block() is None else _operation("Equal", self, other)

    def __ne__(self, other: object) -> Any:
        return NotImplemented if open_block() is None else _operation("NotEqual", self, other)

    def not_(self) -> Node:
        """Whether the value counts as false."""
        return _operation("Not", self)

    def __or__(self, other: Any) -> Any:
        """`a | b`: b begins when a has ended. For "a or b" there is `a.or_(b)`."""
        self.set_downstream(other)  # type: ignore[attr-defined]  # of a node
        return other

    def __bool__(self) -> NoReturn:
        raise BuildError(
            f"{self!r} is neither true nor false while the flow is built. Write `with case({_name(self)}, True):` "
            "around what depends on it; for `a and b` write `a & b`, for `a or b` write `a.or_(b)`, for `not a` write "
            "`a.not_()`"
        )

    def __len__(self) -> NoReturn:
        raise BuildError(f"{self!r} has no length while the flow is built. Ask for it inside a task")

    def __contains__(self, item: object) -> NoReturn:
        raise BuildError(f"What is in {self!r} is known only when the flow runs. Ask inside a task")

    def _number(self) -> NoReturn:
        raise BuildError(f"{self!r} is no number while the flow is built. Convert it inside a task")

    __int__ = __float__ = __index__ = __complex__ = _number

    def __format__(self, how: str) -> str:
        if open_block() is not None:
            raise BuildError(
                f"{self!r} has no value to be put into a text while the flow is built. Make the text inside a task"
            )
        return format(repr(self), how)


def _operation(operation: str, *arguments: Any) -> Node:
    return the_block().call(operation_task(operation), arguments, {})


def _name(node: Any) -> str:
    return str(node.name)
