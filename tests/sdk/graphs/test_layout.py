from __future__ import annotations

import pytest

from orchestrator.sdk.graphs.layout import BOX_HEIGHT, WIDEST, lay_out

# widths by node, edges
GRAPHS = [
    ([100.0], []),
    ([100.0, 80.0, 60.0], [(0, 1), (0, 2), (1, 2)]),
    ([100.0] * 6, [(0, 3), (1, 2), (0, 5), (1, 5), (4, 5)]),
    ([50.0 + place for place in range(30)], [(a, b) for b in range(1, 30) for a in (b // 2, b // 3) if a != b]),
    ([200.0] * 20, []),  # too many for one row
    ([60.0] * 5, [(0, 1), (1, 2), (2, 0), (2, 1), (3, 4), (4, 3)]),  # loops lead back
]


@pytest.mark.parametrize(("widths", "edges"), GRAPHS)
def test_keeps_boxes_apart_and_in_the_picture(widths, edges):
    layout = lay_out(widths, edges)

    boxes = [(x - width / 2, x + width / 2, y) for (x, y), width in zip(layout.boxes, widths, strict=True)]
    for place, (left, right, top) in enumerate(boxes):
        assert left >= -0.01
        assert right <= layout.width + 0.01
        assert top + BOX_HEIGHT <= layout.height + 0.01
        for other_left, other_right, other_top in boxes[:place]:
            assert other_top != top or right <= other_left or other_right <= left


@pytest.mark.parametrize(("widths", "edges"), GRAPHS)
def test_puts_what_waits_below_what_it_waits_for(widths, edges):
    layout = lay_out(widths, edges)

    assert all(layout.boxes[source][1] < layout.boxes[target][1] for source, target in edges if source < target)
    assert set(layout.lines) == {edge for edge in edges if edge[0] != edge[1]}


def test_puts_many_parts_below_each_other():
    layout = lay_out([200.0] * 20, [])

    assert layout.width <= WIDEST
    assert len({y for _, y in layout.boxes}) == 4


def test_uncrosses_lines():
    layout = lay_out([50.0] * 5, [(0, 1), (0, 2), (1, 4), (2, 3), (2, 4)])

    xs = [x for x, _ in layout.boxes]

    assert (xs[1] < xs[2]) == (xs[4] < xs[3])


def test_puts_a_box_above_the_middle_of_what_follows():
    layout = lay_out([50.0] * 3, [(0, 1), (0, 2)])

    top, left, right = (x for x, _ in layout.boxes)

    assert top == pytest.approx((left + right) / 2, abs=1)
