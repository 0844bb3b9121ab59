"""`with Cluster(4) as client:` inside a block: something that is set up before tasks and cleaned up after them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from orchestrator.sdk.built_flows.nodes import Node
from orchestrator.sdk.built_flows.opening import the_block
from orchestrator.sdk.errors import BuildError
from orchestrator.sdk.options.option_names import accepted_options
from orchestrator.sdk.outcomes.signals import SKIP, SKIPPED
from orchestrator.sdk.tasks.task import Task


class ResourceManager:
    """A class whose objects are made, set up and cleaned up by tasks of the flow; made by `@resource_manager`.

    Called inside a block, it takes the arguments of the class. What `setup` returns is what the tasks in the inner
    block get; `cleanup(value)`, without `setup` `cleanup()`, is called when they have ended, however they ended, unless
    `setup` failed or was skipped. It does not decide about the run.
    """

    def __init__(
        self,
        resource_class: Callable[..., Any],
        name: str | None = None,
        init_task_kwargs: dict[str, Any] | None = None,
        setup_task_kwargs: dict[str, Any] | None = None,
        cleanup_task_kwargs: dict[str, Any] | None = None,
    ) -> None:
        if not callable(getattr(resource_class, "cleanup", None)):
            raise BuildError(
                f"A resource manager is a class with a method `cleanup`, and mostly `setup`: {resource_class!r}"
            )
        self.resource_class = resource_class
        self.name = name or str(getattr(resource_class, "__name__", "resource"))
        self._has_setup = callable(getattr(resource_class, "setup", None))
        self._init = _task(_making(resource_class), self.name, init_task_kwargs)
        self._setup = _task(_set_up, f"{self.name}.setup", setup_task_kwargs)
        clean_up = _clean_up_with_value if self._has_setup else _clean_up
        options = {
            "trigger": partial(_when_set_up, 2 if self._has_setup else 1),
            "skip_on_upstream_skip": False,
            **(cleanup_task_kwargs or {}),
        }
        self._cleanup = _task(clean_up, f"{self.name}.cleanup", options)

    def __repr__(self) -> str:
        return f"<ResourceManager {self.name!r}>"

    def __call__(self, *arguments: Any, **keywords: Any) -> Resource:
        """One resource, to be used in a `with`. Raises BuildError outside of a block."""
        block = the_block()
        made = block.call(self._init, arguments, keywords)
        value = block.call(self._setup, (made,), {}) if self._has_setup else None
        cleanup = block.call(self._cleanup, (made,) if value is None else (made, value), {})
        made.is_upkeep = cleanup.is_upkeep = True
        return Resource(made, value, cleanup)


class Resource:
    """The nodes of one resource. Tasks in its block begin when it is set up, and it is cleaned up after them."""

    def __init__(self, made: Node, value: Node | None, cleanup: Node) -> None:
        self._begin = made if value is None else value
        self._value = value
        self._cleanup = cleanup
        self._own = {made, self._begin, cleanup}
        self._inside: dict[Node, None] = {}

    def __enter__(self) -> Node | None:
        block = the_block()
        self._outer, block.resource = block.resource, self
        return self._value

    def __exit__(self, kind: Any, *_: Any) -> None:
        block = the_block()
        block.resource = self._outer
        if kind is not None:
            return
        graph = block.graph
        needed = {each for node in self._inside for each in node.needs()}
        for node in self._inside:
            if self._begin not in set(node.needs()) and not any(each in self._inside for each in node.needs()):
                graph.connect(self._begin, node)
            if node not in needed:
                graph.connect(node, self._cleanup)

    def note(self, node: Node) -> None:
        """The node was made inside."""
        if node not in self._own:
            self._inside[node] = None


def resource_manager(resource_class: Any = None, **options: Any) -> Any:
    """Make a class with `setup` and `cleanup` a resource of flows in a block: `@resource_manager`, or with `name` and
    `init_task_kwargs`, `setup_task_kwargs`, `cleanup_task_kwargs`, options of its three tasks. See ResourceManager."""
    if resource_class is None:
        return lambda decorated: ResourceManager(decorated, **options)
    return ResourceManager(resource_class, **options)


def _task(fn: Callable[..., Any], name: str, options: dict[str, Any] | None) -> Task[Any, Any]:
    given = accepted_options(options or {}, known=Task._option_names, kind="task")
    return Task(fn, **{"name": name, **given})


def _making(resource_class: Callable[..., Any]) -> Callable[..., Any]:
    def make(*arguments: Any, **keywords: Any) -> Any:
        return resource_class(*arguments, **keywords)

    function: Any = make
    function.__signature__ = inspect.signature(resource_class)
    return make


def _set_up(resource: Any) -> Any:
    return resource.setup()


def _clean_up(resource: Any) -> None:
    resource.cleanup()


def _clean_up_with_value(resource: Any, value: Any) -> None:
    resource.cleanup(value)


def _when_set_up(number: int, upstream_states: Iterable[Any]) -> bool:
    """The states of the resource, and of what was set up, come first: they are the `number` arguments."""
    for state in list(upstream_states)[:number]:
        if not state.is_completed() or state.name == SKIPPED:
            raise SKIP("Skipped, because nothing was set up that could be cleaned up.")
    return True
