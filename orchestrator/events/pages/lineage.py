"""What an asset is made from and what is made from it, as a small drawing: sources left, products right."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from orchestrator.events.models import Asset, AssetSource
from orchestrator.events.pages.asset_words import condition_of
from orchestrator.pages.addresses import address_of

HOPS = 2  # in each direction
MOST_OF_COLUMN = 12
WIDTH, HEIGHT = 196.0, 34.0  # px of a box
GAP_X, GAP_Y = 56.0, 10.0
MARGIN = 8.0
MOST_WORDS = 28  # characters of a name in its box


@dataclass(frozen=True, slots=True)
class Box:
    key: str
    words: str
    url: str
    tone: str
    word: str
    x: float
    y: float
    is_this: bool

    @property
    def text_x(self) -> float:
        return self.x + 10

    @property
    def name_y(self) -> float:
        return self.y + 15

    @property
    def word_y(self) -> float:
        return self.y + 28


@dataclass(frozen=True, slots=True)
class Lineage:
    boxes: tuple[Box, ...]
    arrows: tuple[str, ...]  # the `d` of a path each
    width: float
    height: float
    sources: tuple[Asset, ...]  # those right before it
    products: tuple[Asset, ...]  # and right after it
    is_cut: bool  # there are more than are drawn
    box_width: float = WIDTH
    box_height: float = HEIGHT


def lineage_of(asset: Asset, now: datetime) -> Lineage:
    """At most four queries."""
    columns: dict[int, list[Asset]] = {0: [asset]}
    seen = {asset.pk}
    links: set[tuple[int, int]] = set()
    is_cut = False
    for direction in (-1, 1):
        for hop in range(1, HOPS + 1):
            nearer = columns.get(direction * (hop - 1), [])
            found, cut = _next(nearer, direction, links) if nearer else ([], False)
            new = list({each.pk: each for each in found if each.pk not in seen}.values())
            is_cut = is_cut or cut or len(new) > MOST_OF_COLUMN
            columns[direction * hop] = new[:MOST_OF_COLUMN]
            seen.update(each.pk for each in columns[direction * hop])
    return _draw(asset, columns, links, now, is_cut=is_cut)


def _next(assets: list[Asset], direction: int, links: set[tuple[int, int]]) -> tuple[list[Asset], bool]:
    """Those one hop on, and whether there are more than were read. `links` gets what leads to them."""
    near, far = ("asset", "source") if direction < 0 else ("source", "asset")
    most = MOST_OF_COLUMN * 4
    rows = AssetSource.objects.filter(**{f"{near}__in": assets}).select_related(far).order_by("-last_at", "-id")
    found = list(rows[: most + 1])
    links.update((link.source_id, link.asset_id) for link in found[:most])
    return [getattr(link, far) for link in found[:most]], len(found) > most


def _draw(
    asset: Asset, columns: dict[int, list[Asset]], links: set[tuple[int, int]], now: datetime, *, is_cut: bool
) -> Lineage:
    places = [place for place in sorted(columns) if columns[place]]
    tallest = max(len(columns[place]) for place in places)
    height = tallest * (HEIGHT + GAP_Y) - GAP_Y
    boxes: dict[int, Box] = {}
    for number, place in enumerate(places):
        column = columns[place]
        top = MARGIN + (height - (len(column) * (HEIGHT + GAP_Y) - GAP_Y)) / 2
        for row, each in enumerate(column):
            x = MARGIN + number * (WIDTH + GAP_X)
            boxes[each.pk] = _box(each, x, top + row * (HEIGHT + GAP_Y), now, is_this=each.pk == asset.pk)
    return Lineage(
        boxes=tuple(boxes.values()),
        arrows=tuple(_arrow(boxes[start], boxes[end]) for start, end in sorted(links) if {start, end} <= boxes.keys()),
        width=2 * MARGIN + len(places) * (WIDTH + GAP_X) - GAP_X,
        height=2 * MARGIN + height,
        sources=tuple(columns.get(-1, ())),
        products=tuple(columns.get(1, ())),
        is_cut=is_cut,
    )


def _box(asset: Asset, x: float, y: float, now: datetime, *, is_this: bool) -> Box:
    condition = condition_of(asset, now)
    return Box(
        key=asset.key,
        words=_short(str(asset)),
        url=address_of("asset", asset.key),
        tone=condition.tone,
        word=condition.word,
        x=round(x, 1),
        y=round(y, 1),
        is_this=is_this,
    )


def _arrow(start: Box, end: Box) -> str:
    x1, y1, x2, y2 = start.x + WIDTH, start.y + HEIGHT / 2, end.x, end.y + HEIGHT / 2
    bend = GAP_X / 2
    return f"M{x1:g} {y1:g}C{x1 + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2:g} {y2:g}"


def _short(words: str) -> str:
    """The end of a long address tells more than its beginning."""
    return words if len(words) <= MOST_WORDS else f"…{words[1 - MOST_WORDS :]}"
