"""Tasks written as classes with a method `run`, as Prefect 1 has them: `class Extract(Task): def run(self, url): …`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from copy import copy
from typing import TYPE_CHECKING, Any, Self, TypeVar

from orchestrator.sdk.options.option_names import accepted_options

if TYPE_CHECKING:
    from orchestrator.sdk.recording.logs import RunLogger

Init = TypeVar("Init", bound=Callable[..., None])


class WithRunMethod:
    """What is called when the task runs is the function that was decorated, or the method `run` of a class."""

    fn: Callable[..., Any]
    _option_names: frozenset[str]

    def run(self, *arguments: Any, **keywords: Any) -> Any:
        """Call the function itself: nothing is recorded, nothing is tried again."""
        return self.fn(*arguments, **keywords)

    @property
    def logger(self) -> RunLogger:
        """The log of the run that executes; as `get_run_logger()`. Raises MissingContext outside of runs."""
        from orchestrator.sdk.recording.logs import get_run_logger

        return get_run_logger()

    @property
    def is_class(self) -> bool:
        """Whether it was written as a class."""
        return type(self).run is not WithRunMethod.run

    def copied(self, init: Callable[..., None], options: dict[str, Any]) -> Self:
        """A copy of a task that was written as a class: with other options, and all else that it holds."""
        other = copy(self)
        init(other, None, **options)
        return other


def or_with_run_method(init: Init) -> Init:
    """`__init__` of a task that may be given no function: a class with a method `run` has one. Such classes hand their
    options on as they were spelled, and a text that comes first is the name."""

    @functools.wraps(init)
    def initialise(self: Any, fn: Any = None, **options: Any) -> None:
        if self.is_class:
            if isinstance(fn, str):
                options = {"name": fn, **options}
            options.setdefault("name", type(self).__name__)
            fn = self.run
            options = accepted_options(options, known=self._option_names, kind="task")
        elif fn is None:
            raise TypeError("A task needs a function: Task(fn, …), or a class of its own with a method `run`")
        init(self, fn, **options)

    return initialise  # type: ignore[return-value]  # the function may be left out
