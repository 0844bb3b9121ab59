"""Where the boxes of a graph stand: in layers, with short and rarely crossing lines between them.

1. A node's layer is the longest way to it; lines that lead back, out of loops, do not count.
2. A line that passes a layer gets a place in it, so that it runs beside the boxes.
3. Each layer is put in order by the average place of the neighbours, down and up again, and the best order is kept.
4. Each box goes as near to the middle of its neighbours as the order and the gaps allow.

What hangs together is laid out by itself; such parts stand side by side, and below each other when there are many.

Lengths are pixels.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

BOX_HEIGHT = 46.0
LAYER_GAP = 46.0
GAP = 28.0  # between boxes
LANE = 14.0  # width of a line that passes a layer
WIDEST = 1200.0  # of several parts side by side
_SWEEPS = 12


@dataclass(slots=True)
class Spot:
    """A box, or the place where a line passes a layer. `x` is its middle."""

    key: int
    width: float
    layer: int
    x: float = 0.0
    above: list[int] = field(default_factory=list)
    below: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Layout:
    """`boxes` are the middles of each box's top edge, `lines` the points that each edge goes through, from its source
    to its target, the boxes' edges included."""

    width: float
    height: float
    boxes: list[tuple[float, float]]
    lines: dict[tuple[int, int], list[tuple[float, float]]]


def lay_out(widths: list[float], edges: list[tuple[int, int]]) -> Layout:
    """Of nodes by their position, in the order of the source; edges from a node to itself are left out."""
    lines = sorted({edge for edge in edges if edge[0] != edge[1]})
    whole = Layout(0.0, 0.0, [(0.0, 0.0)] * len(widths), {})
    x = y = 0.0
    for nodes in _parts(len(widths), lines):
        place = {node: index for index, node in enumerate(nodes)}
        inner = [(place[source], place[target]) for source, target in lines if source in place]
        part = _lay_out_part([widths[node] for node in nodes], inner)
        if x and x + part.width > WIDEST:
            x, y = 0.0, whole.height + LAYER_GAP
        for node in nodes:
            at = part.boxes[place[node]]
            whole.boxes[node] = (at[0] + x, at[1] + y)
        for (source, target), points in part.lines.items():
            whole.lines[nodes[source], nodes[target]] = [(at[0] + x, at[1] + y) for at in points]
        whole.width = max(whole.width, x + part.width)
        whole.height = max(whole.height, y + part.height)
        x += part.width + GAP
    return whole


def _parts(count: int, lines: list[tuple[int, int]]) -> list[list[int]]:
    """The nodes that hang together, in the order of their first ones."""
    near = defaultdict(set)
    for source, target in lines:
        near[source].add(target)
        near[target].add(source)
    seen: set[int] = set()
    parts = []
    for node in range(count):
        if node in seen:
            continue
        part, waiting = {node}, [node]
        while waiting:
            for other in near[waiting.pop()] - part:
                part.add(other)
                waiting.append(other)
        seen |= part
        parts.append(sorted(part))
    return parts


def _lay_out_part(widths: list[float], lines: list[tuple[int, int]]) -> Layout:
    layers = _layers(len(widths), [edge for edge in lines if edge[0] < edge[1]])
    spots = [Spot(key, width, layers[key]) for key, width in enumerate(widths)]
    chains = {line: _chain(spots, *line) for line in lines}
    rows: list[list[int]] = [[] for _ in range(max(layers) + 1)]
    for spot in spots:
        rows[spot.layer].append(spot.key)
    rows = _ordered(rows, spots)
    _place(rows, spots)
    left = min(spot.x - spot.width / 2 for spot in spots)
    for spot in spots:
        spot.x -= left
    return Layout(
        width=max(spot.x + spot.width / 2 for spot in spots),
        height=len(rows) * (BOX_HEIGHT + LAYER_GAP) - LAYER_GAP,
        boxes=[(spot.x, _top(spot)) for spot in spots[: len(widths)]],
        lines={line: _points(spots, chain, leads_back=line[0] > line[1]) for line, chain in chains.items()},
    )


def _layers(count: int, forward: list[tuple[int, int]]) -> list[int]:
    layers = [0] * count
    before = defaultdict(list)
    for source, target in forward:
        before[target].append(source)
    for node in range(count):  # what a node waits for stands before it
        layers[node] = max((layers[source] + 1 for source in before[node]), default=0)
    return layers


def _chain(spots: list[Spot], source: int, target: int) -> list[int]:
    """The spots of a line from top to bottom; those between are made."""
    top, bottom = sorted((source, target), key=lambda key: (spots[key].layer, key))
    chain = [top]
    for layer in range(spots[top].layer + 1, spots[bottom].layer):
        spots.append(Spot(len(spots), LANE, layer))
        chain.append(len(spots) - 1)
    chain.append(bottom)
    if spots[top].layer < spots[bottom].layer:
        for upper, lower in pairwise(chain):
            spots[upper].below.append(lower)
            spots[lower].above.append(upper)
    return chain


def _ordered(rows: list[list[int]], spots: list[Spot]) -> list[list[int]]:
    best, fewest = rows, _crossings(rows, spots)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        downwards = sweep % 2 == 0
        rows = [list(row) for row in rows]
        for layer in range(1, len(rows)) if downwards else range(len(rows) - 2, -1, -1):
            fixed = {key: place for place, key in enumerate(rows[layer - 1 if downwards else layer + 1])}
            places = {key: place for place, key in enumerate(rows[layer])}

            def middle(key: int, fixed: dict[int, int] = fixed, places: dict[int, int] = places) -> float:
                near = [fixed[each] for each in (*spots[key].above, *spots[key].below) if each in fixed]
                return sum(near) / len(near) if near else places[key]

            rows[layer].sort(key=middle)
        crossings = _crossings(rows, spots)
        if crossings < fewest:
            best, fewest = rows, crossings
    return best


def _crossings(rows: list[list[int]], spots: list[Spot]) -> int:
    total = 0
    for row, following in pairwise(rows):
        places = {key: place for place, key in enumerate(following)}
        ends = [place for key in row for place in sorted(places[each] for each in spots[key].below)]
        total += sum(1 for index, end in enumerate(ends) for before in ends[:index] if before > end)
    return total


def _place(rows: list[list[int]], spots: list[Spot]) -> None:
    for row in rows:
        _settle(row, spots, [0.0] * len(row))
    for sweep in range(_SWEEPS):
        downwards = sweep % 2 == 0
        for row in rows if downwards else reversed(rows):
            wanted = []
            for key in row:
                near = spots[key].above if downwards else spots[key].below
                near = near or spots[key].below or spots[key].above
                wanted.append(sum(spots[each].x for each in near) / len(near) if near else spots[key].x)
            _settle(row, spots, wanted)


def _settle(row: list[int], spots: list[Spot], wanted: list[float]) -> None:
    """As near to where they want to be as order and gaps allow: neighbours that push each other share the way."""
    offsets, offset = [], 0.0
    for before, key in zip([None, *row], row, strict=False):
        if before is not None:
            offset += (spots[before].width + spots[key].width) / 2 + GAP
        offsets.append(offset)
    blocks: list[tuple[float, int]] = []  # the sum of the wishes, and of how many
    for wish, shift in zip(wanted, offsets, strict=True):
        total, count = wish - shift, 1
        while blocks and blocks[-1][0] / blocks[-1][1] >= total / count:
            before_total, before_count = blocks.pop()
            total, count = total + before_total, count + before_count
        blocks.append((total, count))
    settled = [total / count for total, count in blocks for _ in range(count)]
    for key, x, shift in zip(row, settled, offsets, strict=True):
        spots[key].x = x + shift


def _top(spot: Spot) -> float:
    return spot.layer * (BOX_HEIGHT + LAYER_GAP)


def _points(spots: list[Spot], chain: list[int], *, leads_back: bool) -> list[tuple[float, float]]:
    first, *passed, last = [spots[key] for key in chain]
    if first.layer == last.layer:  # a loop between two that nothing else orders: side by side
        left, right = sorted((first, last), key=lambda spot: spot.x)
        middle = _top(first) + BOX_HEIGHT / 2
        points = [(left.x + left.width / 2, middle), (right.x - right.width / 2, middle)]
        return points if left is first else points[::-1]
    aside = 16.0 if leads_back else 0.0  # so that it does not lie on a line that leads forward
    points = [(first.x + aside, _top(first) + BOX_HEIGHT)]
    for spot in passed:
        points += [(spot.x, _top(spot)), (spot.x, _top(spot) + BOX_HEIGHT)]
    points.append((last.x + aside, _top(last)))
    return points[::-1] if leads_back else points
