from __future__ import annotations

from django.template.loader import render_to_string

from orchestrator.pages.charts.meter import WIDTH, meter
from orchestrator.pages.charts.sparkline import HEIGHT, Mark, sparkline


def test_is_as_high_as_a_run_took():
    line = sparkline([Mark("completed", 1.0), Mark("failed", 4.0)], sentence="1 of 2 failed")

    assert line.bars[1].height == HEIGHT
    assert line.bars[0].height == HEIGHT / 4


def test_draws_a_bar_for_a_run_that_took_no_time():
    assert sparkline([Mark("late", None)], sentence="Late").bars[0].height > 0


def test_stands_at_the_right_end_of_its_places():
    line = sparkline([Mark("completed", 1.0)], sentence="1 run", places=20)

    assert line.bars[0].x + line.bar_width == line.width


def test_shows_the_last_when_there_are_too_many():
    line = sparkline([Mark("completed", 1.0, title=str(number)) for number in range(100)], sentence="Runs")

    assert line.bars[-1].title == "99"
    assert len(line.bars) == 60


def test_escapes_what_is_said():
    line = sparkline([Mark("failed", 1.0, url="/runs/1", title="<b>")], sentence="1 failed")

    page = render_to_string("charts/sparkline.html", {"sparkline": line})

    assert "<b>" not in page
    assert 'role="group"' in page


def test_fills_a_meter_by_its_share():
    assert meter(1, 4).filled == WIDTH / 4
    assert meter(1, 4).words == "1 / 4"


def test_fills_a_meter_no_further_than_its_end():
    full = meter(9, 4)

    assert (full.filled, full.tone) == (WIDTH, "late")


def test_has_an_empty_meter_without_a_limit():
    assert meter(9, None).filled == 0
    assert meter(9, None).words == "9 / ∞"
