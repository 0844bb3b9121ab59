"""Which objects are tasks and flows. Flows are known by their base: their module leads here, and not back."""

from __future__ import annotations

from typing import Any

from orchestrator.sdk.graphs.scope import is_a, name_of
from orchestrator.sdk.graphs.values import Runnable
from orchestrator.sdk.options.loadable import Loadable
from orchestrator.sdk.tasks.task import Task, task


def runnable_of(thing: Any) -> Runnable | None:
    """The task or flow; None for everything else."""
    if is_a(thing, Runnable):
        found: Runnable = thing
        return found
    if is_a(thing, Loadable):
        return Runnable("flow", getattr(thing, "name", "a flow"), signature_names(thing), thing)
    if is_a(thing, Task):
        return Runnable("task", thing.name, signature_names(thing), thing)
    return None


def made_by(thing: Any) -> str | None:
    """What the decorator `thing` makes of a function: a task, a flow, or None for anything else."""
    if thing is task or thing is Task:
        return "task"
    if is_a(thing, type):
        return "flow" if issubclass(thing, Loadable) else None
    return "flow" if name_of(thing) == ("orchestrator.sdk.flows.flow", "flow") else None


def signature_names(thing: Any) -> tuple[str, ...]:
    """The parameters that positional arguments go to, `self` and `cls` left out."""
    try:
        parameters = thing.binder.signature.parameters.values()
    except (TypeError, ValueError):  # a function written in C may tell none
        return ()
    names = [each.name for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    return tuple(names[1:] if names and names[0] in ("self", "cls") else names)
