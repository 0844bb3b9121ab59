from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.template.loader import render_to_string

from orchestrator.pages.charts.bars import HEIGHT, MOST_MARKS, Bucket, stacked_bars
from orchestrator.pages.charts.steps import step_between, step_starts, step_words

START = datetime(2026, 11, 20, 12, tzinfo=UTC)


def hours(*counts):
    return [Bucket(START + timedelta(hours=place), count) for place, count in enumerate(counts)]


def test_draws_the_highest_bar_to_the_top():
    bars = stacked_bars(hours({"completed": 4}, {"completed": 1, "failed": 1}), sentence="Runs")

    assert bars.columns[0].segments[0].y == 0
    assert bars.columns[0].segments[0].height == HEIGHT
    assert [segment.tone for segment in bars.columns[1].segments] == ["completed", "failed"]
    assert bars.columns[1].segments[1].y == HEIGHT / 2


def test_shows_one_failure_among_thousands():
    bars = stacked_bars(hours({"completed": 9_999, "failed": 1}), sentence="Runs")

    assert bars.columns[0].segments[1].height >= 1


def test_adds_neighbours_up_instead_of_leaving_any_out():
    bars = stacked_bars(hours(*[{"completed": 1, "failed": 1}] * 1_000), sentence="Runs")

    assert sum(len(column.segments) for column in bars.columns) <= MOST_MARKS
    assert {tone: number for tone, _, number in bars.tones} == {"completed": 1_000, "failed": 1_000}


def test_is_one_picture_with_a_sentence_and_a_table():
    page = render_to_string("charts/bars.html", {"bars": stacked_bars(hours({"failed": 2}), sentence="2 runs failed")})

    assert 'role="img" aria-label="2 runs failed"' in page
    assert "Show as table" in page
    assert "<td>2</td>" in page


def test_is_a_group_when_its_bars_are_links():
    """An image with links inside would hide them from a screen reader."""
    bars = stacked_bars([Bucket(START, {"failed": 2}, url="/runs/?state=failed")], sentence="Runs")

    page = render_to_string("charts/bars.html", {"bars": bars})

    assert 'role="group"' in page
    assert '<a href="/runs/?state=failed" tabindex="-1"><title>2026-11-20 12:00 UTC: 2 failed</title>' in page
    assert '<th scope="row"><a href="/runs/?state=failed">2026-11-20 12:00 UTC</a></th>' in page  # for the keyboard


def test_draws_each_tone_with_one_path():
    bars = stacked_bars(hours(*[{"completed": 2, "failed": 1}] * 72), sentence="Runs")

    page = render_to_string("charts/bars.html", {"bars": bars, "table_url": "?table=1"})

    assert page.count('class="mark') == 2
    assert len(page) < 15_000


def test_draws_nothing_for_nothing():
    assert stacked_bars([], sentence="No runs").columns == ()


@pytest.mark.parametrize(
    ("span", "step"),
    [
        (timedelta(minutes=15), "15 s"),
        (timedelta(hours=1), "1 min"),
        (timedelta(hours=24), "30 min"),
        (timedelta(days=7), "3 h"),
        (timedelta(days=30), "12 h"),
        (timedelta(days=3_650), "91 d"),
    ],
)
def test_steps_as_people_would(span, step):
    chosen = step_between(START - span, START)

    assert step_words(chosen) == step
    assert len(step_starts(START - span, START, chosen)) <= 72


def test_keeps_to_the_limit_for_a_thousand_years():
    since = START - timedelta(days=365_000)

    assert len(step_starts(since, START, step_between(since, START))) <= 72
