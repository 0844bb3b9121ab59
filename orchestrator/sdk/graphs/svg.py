"""A graph as an SVG picture: for light and dark surroundings, without anything from elsewhere."""

from __future__ import annotations

import html
import re
import unicodedata
from zlib import crc32

from orchestrator.sdk.graphs.layout import BOX_HEIGHT, lay_out
from orchestrator.sdk.graphs.model import CONDITION, RESULT, WAIT_FOR, Graph, Node

_MARGIN = 24.0
_TITLE = 40.0
_LEGEND = 30.0
_BEHIND = 5.0  # how far the second card of a node that repeats shows
_OWN_LOOP = 32.0  # room beside a box for a line to itself
_LONGEST_NAME = 42
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WORDS = {"task": "task", "flow": "subflow", "deployment": "deployment"}
_MEANING = {
    RESULT: "result",
    WAIT_FOR: "wait_for",
    CONDITION: "decides whether or how often",
}
_STRONGEST = (RESULT, WAIT_FOR, CONDITION)
_STYLE = """
.{id}{{--paper:#ffffff;--box:#f6f8fb;--rim:#8b98a9;--ink:#17202c;--soft:#536072;--flow:#eef0fe;--flow-rim:#5b5fd6;
--deployment:#e9f7f3;--deployment-rim:#16816a;--count:#8a4b00;font-family:system-ui,-apple-system,"Segoe UI",Roboto,
sans-serif;max-width:100%;height:auto}}
@media (prefers-color-scheme:dark){{.{id}{{--paper:#12161c;--box:#1d242e;--rim:#75849a;--ink:#e8edf4;--soft:#a3b0c2;
--flow:#24264a;--flow-rim:#9a9df5;--deployment:#14332c;--deployment-rim:#4fc3a5;--count:#f0b25e}}}}
.{id} .paper{{fill:var(--paper)}}
.{id} rect.task{{fill:var(--box);stroke:var(--rim);stroke-width:1.5}}
.{id} rect.flow{{fill:var(--flow);stroke:var(--flow-rim);stroke-width:1.5}}
.{id} rect.deployment{{fill:var(--deployment);stroke:var(--deployment-rim);stroke-width:1.5}}
.{id} rect.maybe{{stroke-dasharray:5 4}}
.{id} text{{fill:var(--soft);font-size:11px}}
.{id} text.name{{fill:var(--ink);font-size:13px;font-weight:600}}
.{id} text.title{{fill:var(--ink);font-size:15px;font-weight:600}}
.{id} .count{{fill:var(--count);font-weight:700}}
.{id} .line{{fill:none;stroke:var(--soft);stroke-width:1.5}}
.{id} .line.wait_for{{stroke-dasharray:1.5 4;stroke-linecap:round}}
.{id} .line.condition{{stroke-dasharray:6 4}}
.{id} .head{{fill:var(--soft)}}
"""


def as_svg(graph: Graph) -> str:
    """The picture. Names are shortened where they are very long; the whole name is in the box's tooltip."""
    mark = f"flow-graph-{crc32(repr(graph).encode('utf-8', 'replace')):08x}"
    index = {node.id: place for place, node in enumerate(graph.nodes)}
    kinds: dict[tuple[int, int], str] = {}
    for edge in sorted(graph.edges, key=lambda edge: -_STRONGEST.index(edge.kind)):
        kinds[index[edge.source], index[edge.target]] = edge.kind
    widths = [_box_width(node) for node in graph.nodes]
    for source, target in kinds:
        widths[source] += _OWN_LOOP * 2 if source == target else 0.0
    layout = lay_out(widths, list(kinds))
    legend, legend_width = _legend(graph, mark)
    wide = max(layout.width, _text_width(_shown(graph.name), 15), legend_width, 160.0)
    left = _MARGIN + (wide - layout.width) / 2
    top = _MARGIN + _TITLE
    height = top + layout.height + _MARGIN + (_LEGEND if legend else 0.0)
    if not graph.nodes:
        height += 20.0
    lines = []
    for (source, target), kind in kinds.items():
        if source == target:
            x, y = layout.boxes[source]
            behind = _BEHIND if graph.nodes[source].repeats else 0.0
            d = _own_loop(left + x + _box_width(graph.nodes[source]) / 2 + behind, top + y)
        else:
            d = _curve([(left + x, top + y) for x, y in layout.lines[source, target]])
        lines.append(f'<path class="line {kind}" d="{d}" marker-end="url(#{mark}-head)"/>')
    boxes = [_box(node, left + x, top + y) for node, (x, y) in zip(graph.nodes, layout.boxes, strict=True)]
    empty = [] if graph.nodes else [f'<text x="{_MARGIN:g}" y="{top + 4:g}">It calls no tasks.</text>']
    full = wide + 2 * _MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="{mark}" role="img" viewBox="0 0 {full:.1f} {height:.1f}" '
            f'width="{full:.0f}" height="{height:.0f}" aria-label="{_safe(f"Tasks of the flow {graph.name}")}">',
            f"<style>{_STYLE.format(id=mark)}</style>",
            f'<defs><marker id="{mark}-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
            'orient="auto"><path class="head" d="M0 0.5 8 4 0 7.5z"/></marker></defs>',
            f'<rect class="paper" width="{full:.1f}" height="{height:.1f}" rx="10"/>',
            f'<text class="title" x="{_MARGIN:g}" y="{_MARGIN + 15:g}">{_safe(_shown(graph.name))}</text>',
            *lines,
            *boxes,
            *empty,
            *(f'<g transform="translate({_MARGIN:g} {height - 22:.1f})">{part}</g>' for part in legend),
            "</svg>",
            "",
        ]
    )


def _box(node: Node, middle: float, top: float) -> str:
    width = _box_width(node)
    left = middle - width / 2
    shape = f'rx="8" width="{width:.1f}" height="{BOX_HEIGHT:g}"'
    style = f"{node.kind} maybe" if node.conditional else node.kind
    behind = f'<rect class="{style}" x="{left + _BEHIND:.1f}" y="{top + _BEHIND:.1f}" {shape}/>' if node.repeats else ""
    count = ' <tspan class="count">×n</tspan>' if node.repeats else ""
    return (
        f"<g><title>{_safe(_described(node))}</title>{behind}"
        f'<rect class="{style}" x="{left:.1f}" y="{top:.1f}" {shape}/>'
        f'<text class="name" x="{middle:.1f}" y="{top + 20:.1f}" text-anchor="middle">{_safe(_shown(node.name))}</text>'
        f'<text x="{middle:.1f}" y="{top + 36:.1f}" text-anchor="middle">{_safe(_subtitle(node))}{count}</text></g>'
    )


def _subtitle(node: Node) -> str:
    return _WORDS[node.kind] if node.mode == "call" else f"{_WORDS[node.kind]} · {node.mode}"


def _described(node: Node) -> str:
    often = "any number of times" if node.repeats else "once"
    maybe = ", if the branch is taken" if node.conditional else ""
    return f"{node.name}: {_WORDS[node.kind]}, line {node.line}, {often}{maybe}"


def _box_width(node: Node) -> float:
    below = _text_width(_subtitle(node), 11) + (24.0 if node.repeats else 0.0)
    return max(_text_width(_shown(node.name), 13.5), below, 52.0) + 32.0


def _text_width(text: str, size: float) -> float:
    """About as wide as it will be; fonts differ."""
    return sum(size * (1.0 if unicodedata.east_asian_width(each) in "WF" else 0.57) for each in text)


def _shown(name: str) -> str:
    name = " ".join(_NO_XML.sub("\ufffd", name).split())
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _safe(text: str) -> str:
    return html.escape(_NO_XML.sub("\ufffd", text))


def _curve(points: list[tuple[float, float]]) -> str:
    """Down or up through the points, straight where it passes a layer."""
    (x, y), *others = points
    said = [f"M{x:.1f} {y:.1f}"]
    for to_x, to_y in others:
        if abs(to_x - x) < 0.5 or abs(to_y - y) < 0.5:  # below each other, or side by side
            said.append(f"L{to_x:.1f} {to_y:.1f}")
        else:
            bend = (to_y - y) * 0.55
            said.append(f"C{x:.1f} {y + bend:.1f} {to_x:.1f} {to_y - bend:.1f} {to_x:.1f} {to_y:.1f}")
        x, y = to_x, to_y
    return " ".join(said)


def _own_loop(right: float, top: float) -> str:
    low, high, far = top + BOX_HEIGHT - 12, top + 14, right + _OWN_LOOP - 2
    return f"M{right:.1f} {low:.1f} C{far:.1f} {low + 10:.1f} {far:.1f} {high - 10:.1f} {right:.1f} {high:.1f}"


def _legend(graph: Graph, mark: str) -> tuple[list[str], float]:
    """What the lines and rims mean, of those that there are, unless all is plain."""
    found: list[tuple[str, str]] = []
    used = {edge.kind for edge in graph.edges}
    if used - {RESULT}:
        found += [
            (f'<path class="line {kind}" d="M0 -4 H26" marker-end="url(#{mark}-head)"/>', _MEANING[kind])
            for kind in _STRONGEST
            if kind in used
        ]
    if any(node.conditional for node in graph.nodes):
        found.append(('<rect class="task maybe" y="-11" width="26" height="14" rx="3"/>', "only in a branch"))
    if any(node.repeats for node in graph.nodes):
        found.append(('<text class="count" x="6" y="0"><tspan class="count">×n</tspan></text>', "any number of times"))
    said, x = [], 0.0
    for picture, meaning in found:
        said.append(f'<g transform="translate({x:.1f} 0)">{picture}<text x="34">{_safe(meaning)}</text></g>')
        x += 34 + _text_width(meaning, 11) + 22
    return said, x
