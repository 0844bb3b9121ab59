"""What flows and tasks have in common: a function, the options it was given, the hooks that were added to it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Generic, ParamSpec, Self, TypeVar

from orchestrator.sdk.engine.items import is_generator
from orchestrator.sdk.options.checks import bound_method, checked_function, checked_words, is_async
from orchestrator.sdk.options.hooks import HOOK_OPTIONS, Hook, checked_hook, checked_hooks
from orchestrator.sdk.options.loadable import Decorated
from orchestrator.sdk.options.option_names import accepted_options
from orchestrator.sdk.options.parameters import Binder

P = ParamSpec("P")
R = TypeVar("R")


class DecoratedFunction(Decorated, Generic[P, R]):
    """A function with options and hooks. Flows and tasks say what is done when it is called."""

    name: str
    binder: Binder
    _kind: ClassVar[str]
    _option_names: ClassVar[frozenset[str]]  # all that the decorator takes, hooks included
    _hook_options: ClassVar[tuple[str, ...]] = HOOK_OPTIONS

    on_completion_hooks: list[Hook]
    on_failure_hooks: list[Hook]
    on_cancellation_hooks: list[Hook]
    on_crashed_hooks: list[Hook]
    on_running_hooks: list[Hook]

    def __init__(self, fn: Any, *, options: dict[str, Any], hooks: dict[str, Iterable[Hook] | None]) -> None:
        """`options` are kept for copies; description, tags and version are read from them. Raises TypeError."""
        inner = fn.__func__ if isinstance(fn, (classmethod, staticmethod)) else fn
        self._bind = type(fn) if inner is not fn else None
        self.fn: Callable[P, R] = checked_function(inner, kind=self._kind)
        self._options = options
        given = options["description"]
        self.description: str | None = given if given is not None else _docstring(self.fn)
        self.tags = frozenset(checked_words(options["tags"], "tags"))
        self.version: str | None = options["version"]
        for option in self._hook_options:
            setattr(self, f"{option}_hooks", checked_hooks(hooks[option], option=option))
        self.is_async = is_async(self.fn)
        self.is_generator = is_generator(self.fn)
        wrapper: Any = self
        functools.update_wrapper(wrapper, self.fn)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """What is defined in a class takes its instance, as a method does."""
        bound_to = owner if self._bind is classmethod else instance
        if bound_to is None or self._bind is staticmethod:
            return self
        return self._bound(bound_to)

    @property
    def isasync(self) -> bool:
        """The same as `is_async`."""
        return self.is_async

    @property
    def isgenerator(self) -> bool:
        """The same as `is_generator`."""
        return self.is_generator

    def with_options(self, **options: Any) -> Self:
        """A copy with other options; those not given stay as they are, hooks that were added later included."""
        return self._copy(self.fn, accepted_options(options, known=self._option_names, kind=self._kind))

    def on_completion(self, fn: Hook) -> Hook:
        """Call the function when a run has completed. Usable as a decorator, as all the others are."""
        return self._add_hook("on_completion", fn)

    def on_failure(self, fn: Hook) -> Hook:
        """Call the function when a run has failed for good, after its retries."""
        return self._add_hook("on_failure", fn)

    def on_cancellation(self, fn: Hook) -> Hook:
        """Call the function when a run was cancelled; of a task, when its flow run was."""
        return self._add_hook("on_cancellation", fn)

    def on_crashed(self, fn: Hook) -> Hook:
        """Call the function when a run has crashed: its process was ended, or what was raised is no Exception."""
        return self._add_hook("on_crashed", fn)

    def on_running(self, fn: Hook) -> Hook:
        """Call the function when a run begins, and when it is tried again, before what was decorated."""
        return self._add_hook("on_running", fn)

    def _add_hook(self, option: str, fn: Hook) -> Hook:
        getattr(self, f"{option}_hooks").append(checked_hook(fn, option=option))
        return fn

    def _bound(self, bound_to: Any) -> Self:
        bound = self._copy(bound_method(self.fn, bound_to), {"name": self.name})
        bound.binder = self.binder.without_first()
        return bound

    def _copy(self, fn: Callable[..., Any], options: dict[str, Any]) -> Self:
        hooks = {option: getattr(self, f"{option}_hooks") for option in self._hook_options}
        copy: Any = type(self)(fn, **{**self._options, **hooks, **options})
        copy._bind = self._bind if fn is self.fn else None
        return copy


def _docstring(fn: Any) -> str | None:
    text = getattr(fn, "__doc__", None)
    return text.strip() if isinstance(text, str) else None
