"""`Parameter("n", default=3)`: a value that each run of a built flow is given."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from orchestrator.sdk.built_flows.nodes import Node
from orchestrator.sdk.built_flows.opening import the_block
from orchestrator.sdk.errors import BuildError
from orchestrator.sdk.tasks.task import Task

_NONE_GIVEN: Any = object()


class Parameter(Node):
    """A parameter of the flow in whose block it is used. It may be made before the block.

    name: by which runs are given it.
    default: what it is when a run is not given it.
    required: False makes None the default when there is no other.
    tags: taken, and of no use here: a parameter is no task run.
    """

    def __init__(
        self, name: str, default: Any = _NONE_GIVEN, required: bool | None = None, tags: Iterable[str] | None = None
    ) -> None:
        if not isinstance(name, str) or not name.isidentifier():
            raise BuildError(f"The name of a parameter is {name!r}; a text such as 'rows_per_page' is needed")
        super().__init__(Task(_value, name=name), {"value": None})
        if default is _NONE_GIVEN and required is False:
            default = None
        self._default = default

    def __repr__(self) -> str:
        return f"<Parameter {self.name!r}>"

    @property
    def required(self) -> bool:
        """Whether a run must be given it."""
        return self._default is _NONE_GIVEN

    @property
    def default(self) -> Any:
        """What it is when a run is not given it; None also when there is no default."""
        return None if self.required else self._default

    def converted(self, value: Any) -> Any:
        """What tasks get for the value that the run was given."""
        return value

    def __call__(self, *arguments: Any, **keywords: Any) -> Parameter:
        """Make it a parameter of the block's flow, also when no task uses it."""
        the_block().graph.add(self)
        return self


class DateTimeParameter(Parameter):
    """A parameter that tasks get as a datetime; runs are given one, or a text such as "2026-11-21T08:00:00+00:00"."""

    def converted(self, value: Any) -> Any:
        from datetime import UTC, datetime

        if isinstance(value, str):
            found = datetime.fromisoformat(value)
            return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
        return value


def _value(value: Any) -> Any:
    return value
