"""A flow's static graph, read from its source. Nothing of the flow is executed.

The source is walked once from top to bottom with, for every name, the runs whose results it holds. Branches are
walked one beside the other and joined, loops until nothing new is learnt. Functions of the author's own that the flow
calls are read, too. What cannot be told is taken for the most careful: a value that comes out of an unknown call may
hold everything that went into it.
"""

from __future__ import annotations

import ast
import functools
import inspect
from typing import TYPE_CHECKING

from orchestrator.sdk.graphs.building import Building
from orchestrator.sdk.graphs.model import Graph
from orchestrator.sdk.graphs.scope import Scope
from orchestrator.sdk.graphs.source import syntax_of
from orchestrator.sdk.graphs.statements import Statements
from orchestrator.sdk.graphs.values import NOTHING, Value

if TYPE_CHECKING:
    from typing import Any

    from orchestrator.sdk.flows.flow import Flow


def read_graph(flow: Flow[Any, Any]) -> Graph:
    """Raises SourceUnavailable when the flow's source cannot be read."""
    known = getattr(flow, "static_graph", None)  # of a flow that was built, and has no source
    if known is not None:
        graph: Graph = known()
        return graph
    node = syntax_of(flow.fn)
    scope = Scope(flow.fn)
    building = Building(flow.name)
    names = _parameters(node.args)
    env = dict.fromkeys(names, NOTHING)
    owner = _owner(flow.fn, scope)
    if owner is not None and names and names[0] in ("self", "cls"):
        env[names[0]] = Value(thing=owner)
    Statements(building, scope, ()).body(node.body, env)
    return building.graph()


def _owner(fn: Any, scope: Scope) -> Any:
    """What `self` or `cls` stands for: the instance of a bound method, else the class around the function."""
    if isinstance(fn, functools.partial) and fn.args:
        return fn.args[0]
    return fn.__self__ if inspect.ismethod(fn) else scope.owner()


def _parameters(found: ast.arguments) -> list[str]:
    rest = [each for each in (found.vararg, found.kwarg) if each is not None]
    return [each.arg for each in (*found.posonlyargs, *found.args, *found.kwonlyargs, *rest)]
