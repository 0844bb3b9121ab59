"""What a log got since its page was read."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from runs.models import Log
from runs.pages.logs.arrivals import AT_ONCE, MOST, read_arrivals
from runs.pages.logs.filters import LogFilter
from runs.pages.logs.patterns import PatternRefused
from runs.pages.logs.windows import read_window
from tests.factories import make_logs

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 20, 12, tzinfo=UTC)
ALL = LogFilter()


def messages(found) -> list[str]:
    return [line.message for line in found.lines]


def write(run, message: str, *, seconds: float, arrived: float | None = None) -> Log:
    """One line of the run's log, `arrived` seconds after the start (default: when it was written)."""
    (line,) = make_logs(run, message, started=START + timedelta(seconds=seconds))
    created = START + timedelta(seconds=seconds if arrived is None else arrived)
    Log.objects.filter(id=line.id).update(created=created)
    return line


def test_tells_what_arrived_since_the_page_was_read(run, logs):
    write(run, "first", seconds=0)
    window = read_window(logs, ALL, from_end=True)
    write(run, "second", seconds=5)

    arrivals = read_arrivals(logs, ALL, window.arrived)
    nothing = read_arrivals(logs, ALL, arrivals.arrived)

    assert "second" in messages(arrivals)
    assert {"first", "second"} >= set(messages(nothing))  # the overlap repeats; the page knows each line by its id


def test_does_not_miss_a_line_that_arrives_after_later_ones(run, logs):
    write(run, "from the slow batch's time", seconds=0)
    write(run, "quick", seconds=8)
    window = read_window(logs, ALL, from_end=True)
    write(run, "slow", seconds=3, arrived=9)  # its time is before that of a line on the page

    assert "slow" in messages(read_arrivals(logs, ALL, window.arrived))


def test_does_not_miss_a_line_of_a_transaction_that_was_committed_later(run, logs):
    write(run, "committed first", seconds=8, arrived=8)
    window = read_window(logs, ALL, from_end=True)
    write(run, "began first", seconds=7, arrived=7)

    assert "began first" in messages(read_arrivals(logs, ALL, window.arrived))


def test_shows_the_newest_of_a_flood_and_says_how_many_it_leaves_out(run, logs):
    write(run, "first", seconds=0)
    window = read_window(logs, ALL, from_end=True)
    moment = START + timedelta(seconds=5)
    lines = [
        Log(id=uuid4(), name="flow", level=20, message=f"line {number}", flow_run_id=run.id,
            timestamp=moment + timedelta(milliseconds=number))
        for number in range(2 * MOST)
    ]  # fmt: skip
    Log.objects.bulk_create(lines)
    Log.objects.filter(message__startswith="line").update(created=moment)  # one batch, one time of arrival

    arrivals = read_arrivals(logs, ALL, window.arrived)

    assert messages(arrivals) == [f"line {number}" for number in range(2 * MOST - AT_ONCE, 2 * MOST)]
    assert (arrivals.gap.before, arrivals.gap.count) == (arrivals.lines[0].id, 2 * MOST - AT_ONCE)
    assert read_arrivals(logs, ALL, arrivals.arrived).gap is None


def test_starts_following_an_empty_log(run, logs):
    window = read_window(logs, ALL, from_end=True)
    write(run, "first", seconds=0)

    assert messages(read_arrivals(logs, ALL, window.arrived)) == ["first"]


def test_looks_at_so_many_of_the_newest_lines_and_tells_of_the_others(run, logs, monkeypatch):
    monkeypatch.setattr("runs.pages.logs.arrivals.MOST_LATE", MOST + 50)
    write(run, "first", seconds=0)
    window = read_window(logs, ALL, from_end=True)
    make_logs(run, *(f"line {number}" for number in range(3 * MOST)), started=START + timedelta(seconds=5))
    Log.objects.filter(message="line 3").update(level=40)
    Log.objects.filter(message__startswith="line").update(created=START + timedelta(seconds=50))

    arrivals = read_arrivals(logs, ALL, window.arrived)
    errors = read_arrivals(logs, LogFilter.from_query({"level": "error"}), window.arrived)

    assert messages(arrivals)[-1] == f"line {3 * MOST - 1}"
    assert arrivals.gap.count == 3 * MOST - AT_ONCE
    assert messages(errors) == ["line 3"]  # few are looked at in any case


@pytest.mark.parametrize("text", ["needle", "/nee.le/"])
def test_brings_only_what_the_page_searches_for(run, logs, text):
    write(run, "first needle", seconds=0)
    window = read_window(logs, ALL, from_end=True)
    write(run, "hay", seconds=5)
    write(run, "a needle", seconds=6)

    assert messages(read_arrivals(logs, LogFilter.from_query({"q": text}), window.arrived)) == [
        "first needle",
        "a needle",
    ]


def test_gives_up_an_expression_that_takes_long_on_all_lines_together(run, logs, monkeypatch):
    monkeypatch.setattr("runs.pages.logs.arrivals.PATIENCE", -1)
    write(run, "a needle", seconds=0)

    with pytest.raises(PatternRefused, match="so many lines"):
        read_arrivals(logs, LogFilter.from_query({"q": "/needle/"}), "")
