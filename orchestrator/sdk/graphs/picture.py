"""The picture of a flow, as `flow.visualize()` gives it."""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from orchestrator.sdk.errors import DefinitionError

if TYPE_CHECKING:
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
        from orchestrator.sdk.deployments.files.writing import write

        where = os.fspath(path)
        write(where, self.svg)
        return where


def visualize(flow: Flow[Any, Any], arguments: tuple[Any, ...], path: str | os.PathLike[str] | None) -> FlowPicture:
    """`arguments` are positional ones of the call: a text or path that ends in `.svg` is where the picture goes.

    Others are arguments of the flow, as in other tools, and change nothing: the graph is the same for all of them.
    """
    from orchestrator.sdk.graphs.reading import read_graph

    if path is None and arguments and isinstance(arguments[0], (str, os.PathLike)):
        first = os.fspath(arguments[0])
        if first.endswith(".svg"):
            path = first
        elif not flow.binder.signature.parameters:
            raise DefinitionError(f"The picture is an SVG: give a path that ends in .svg, not {first!r}")
    if path is not None and not os.fspath(path).endswith(".svg"):
        raise DefinitionError(f"The picture is an SVG: give a path that ends in .svg, not {os.fspath(path)!r}")
    picture = FlowPicture(read_graph(flow))
    if path is not None:
        picture.save(path)
    return picture
