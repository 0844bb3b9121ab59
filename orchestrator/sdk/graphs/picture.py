"""The picture of a flow, as `flow.visualize()` gives it."""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from orchestrator.sdk.errors import DefinitionError
from orchestrator.sdk.values.nearest import instead_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from inspect import Parameter

    from orchestrator.sdk.flows.flow import Flow
    from orchestrator.sdk.graphs.model import Graph


class FlowPicture:
    """The static graph of a flow. A notebook shows it by itself; `svg` is its text, `save(path)` writes it."""

    def __init__(self, graph: Graph) -> None:
        from orchestrator.sdk.graphs.svg import as_svg

        self.graph = graph
        self.svg = as_svg(graph)

    def __repr__(self) -> str:
        return f"<FlowPicture of {self.graph.name!r}: {len(self.graph.nodes)} nodes, {len(self.graph.edges)} edges>"

    def _repr_svg_(self) -> str:
        return self.svg

    def __await__(self) -> Generator[Any, None, FlowPicture]:
        """Nothing is waited for: `await flow.visualize()` is written in async notebooks."""
        yield from ()
        return self

    def save(self, path: str | os.PathLike[str]) -> str:
        """Write the picture, and return where. Raises DefinitionError when the file cannot be written."""
        from orchestrator.sdk.values.whole_files import write_whole

        where = os.fspath(path)
        try:
            write_whole(where, self.svg.encode(), mode=None, durable=False)
        except OSError as error:
            raise DefinitionError(f"{where} cannot be written: {error.strerror or error}") from None
        return where


def visualize(
    flow: Flow[Any, Any],
    arguments: tuple[Any, ...],
    keywords: dict[str, Any],
    path: str | os.PathLike[str] | None,
) -> FlowPicture:
    """`arguments` and `keywords` are those of the call: a text or path that ends in `.svg`, given first, is where the
    picture goes.

    Others are arguments of the flow, as in other tools, and change nothing: the graph is the same for all of them.
    Raises TypeError for keywords that are no parameters of the flow, and DefinitionError for another kind of picture.
    """
    from orchestrator.sdk.graphs.reading import read_graph

    parameters = flow.binder.signature.parameters
    _refuse_unknown(flow.name, keywords, parameters)
    if path is not None and "path" in parameters and not str(path).endswith(".svg"):
        path = None  # the flow's own
    if path is None and arguments and isinstance(arguments[0], (str, os.PathLike)):
        first = os.fspath(arguments[0])
        if first.endswith(".svg"):
            path = first
        elif not parameters:
            raise DefinitionError(f"The picture is an SVG: give a path that ends in .svg, not {first!r}")
    if path is not None and not os.fspath(path).endswith(".svg"):
        raise DefinitionError(f"The picture is an SVG: give a path that ends in .svg, not {os.fspath(path)!r}")
    picture = FlowPicture(read_graph(flow))
    if path is not None:
        picture.save(path)
    return picture


def _refuse_unknown(flow_name: str, keywords: dict[str, Any], parameters: Mapping[str, Parameter]) -> None:
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return
    for name in keywords:
        if name not in parameters:
            hint = instead_of(name, ["path", *parameters])
            raise TypeError(f"visualize() of flow {flow_name!r} takes no {name!r}{hint}")
