"""The log as a page shows it."""

from datetime import UTC, datetime, timedelta

import pytest

from runs.models import Log
from runs.pages.log_view import WINDOW, LogFilter, count_levels, read_arrivals, read_window
from tests.factories import make_flow_run, make_logs, make_task_run

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 20, 12, tzinfo=UTC)
ALL = LogFilter()


@pytest.fixture
def run():
    return make_flow_run("RUNNING", started=START)


@pytest.fixture
def logs(run):
    return Log.objects.filter(flow_run_id=run.id)


def messages(found) -> list[str]:
    return [line.message for line in found.lines]


def write(run, message: str, *, seconds: float, arrived: float | None = None) -> Log:
    """One line of the run's log, `arrived` seconds after the start (default: when it was written)."""
    (line,) = make_logs(run, message, started=START + timedelta(seconds=seconds))
    created = START + timedelta(seconds=seconds if arrived is None else arrived)
    Log.objects.filter(id=line.id).update(created=created)
    return line


def test_begins_at_the_beginning_or_at_the_end(run, logs):
    make_logs(run, *(f"line {number}" for number in range(WINDOW + 10)), started=START)

    first, last = read_window(logs, ALL, from_end=False), read_window(logs, ALL, from_end=True)

    assert (messages(first)[0], messages(first)[-1]) == ("line 0", f"line {WINDOW - 1}")
    assert (first.earlier, first.later is not None) == (None, True)
    assert (messages(last)[0], messages(last)[-1]) == ("line 10", f"line {WINDOW + 9}")
    assert (last.earlier is not None, last.later) == (True, None)


def test_leads_to_earlier_and_later_lines_without_gaps(run, logs):
    make_logs(run, *(f"line {number}" for number in range(WINDOW + 10)), started=START, every=0)  # all of one moment

    last = read_window(logs, ALL, from_end=True)
    before = read_window(logs, LogFilter.from_query({"before": last.earlier}), from_end=True)
    after = read_window(logs, LogFilter.from_query({"from": before.later}), from_end=True)

    assert len(set(messages(before) + messages(last))) == WINDOW + 10
    assert messages(after) == messages(last)


def test_opens_at_a_line(run, logs):
    written = make_logs(run, *(f"line {number}" for number in range(2 * WINDOW)), started=START)

    window = read_window(logs, LogFilter(at=written[WINDOW].id), from_end=False)

    assert f"line {WINDOW}" in messages(window)
    assert window.earlier
    assert window.later


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"level": "warning"}, ["careful", "broken"]),  # and everything worse
        ({"level": "error"}, ["broken"]),
        ({"level": "nonsense"}, ["fetched", "careful", "broken"]),
        ({"q": "ROKE"}, ["broken"]),
        ({"q": "%"}, []),  # not a wildcard
    ],
)
def test_filters_by_level_and_text(run, logs, query, expected):
    make_logs(run, "fetched", started=START)
    make_logs(run, "careful", level=30, started=START + timedelta(seconds=1))
    make_logs(run, "broken", level=40, started=START + timedelta(seconds=2))

    assert messages(read_window(logs, LogFilter.from_query(query), from_end=False)) == expected


def test_filters_by_task_and_names_it(run, logs):
    task = make_task_run(flow_run=run, task="load")
    make_logs(run, "of the flow")
    make_logs(task, "of the task")

    (line,) = read_window(logs, LogFilter(task=task.id), from_end=False).lines

    assert (line.message, line.task) == ("of the task", task.name)


def test_counts_what_each_level_would_show(run, logs):
    make_logs(run, "one", "two")
    make_logs(run, "broken", level=40)

    counts = {one["word"]: one["count"] for one in count_levels(logs, LogFilter(level="error"))}

    assert counts == {"All": "3", "Warnings and errors": "1", "Errors": "1"}


def test_tells_what_arrived_since_the_page_was_read(run, logs):
    write(run, "first", seconds=0)
    window = read_window(logs, ALL, from_end=True)
    write(run, "second", seconds=5)

    arrivals = read_arrivals(logs, LogFilter(after=window.arrived))
    nothing = read_arrivals(logs, LogFilter(after=arrivals.arrived))

    assert "second" in messages(arrivals)
    assert {"first", "second"} >= set(messages(nothing))  # the overlap repeats; the page knows each line by its id


def test_does_not_miss_a_line_that_arrives_after_later_ones(run, logs):
    write(run, "from the slow batch's time", seconds=0)
    write(run, "quick", seconds=8)
    window = read_window(logs, ALL, from_end=True)
    write(run, "slow", seconds=3, arrived=9)  # its time is before that of a line on the page

    assert "slow" in messages(read_arrivals(logs, LogFilter(after=window.arrived)))


def test_does_not_miss_a_line_of_a_transaction_that_was_committed_later(run, logs):
    write(run, "committed first", seconds=8, arrived=8)
    window = read_window(logs, ALL, from_end=True)
    write(run, "began first", seconds=7, arrived=7)

    assert "began first" in messages(read_arrivals(logs, LogFilter(after=window.arrived)))


def test_hands_out_a_flood_in_pieces_that_end(run, logs):
    write(run, "first", seconds=0)
    window = read_window(logs, ALL, from_end=True)
    moment = START + timedelta(seconds=1)
    make_logs(run, *(f"line {number}" for number in range(2 * WINDOW + 7)), started=moment)
    Log.objects.filter(message__startswith="line").update(created=moment)  # one batch, one time of arrival

    seen, cursor, more = set(), window.arrived, True
    while more:
        arrivals = read_arrivals(logs, LogFilter(after=cursor))
        seen.update(messages(arrivals))
        cursor, more = arrivals.arrived, arrivals.more

    assert len(seen - {"first"}) == 2 * WINDOW + 7


def test_starts_following_an_empty_log(run, logs):
    window = read_window(logs, ALL, from_end=True)
    write(run, "first", seconds=0)

    assert messages(read_arrivals(logs, LogFilter(after=window.arrived))) == ["first"]


def test_leaves_out_the_colours_of_a_terminal(run, logs):
    make_logs(run, "\x1b[31mred\x1b[0m")

    assert messages(read_window(logs, ALL, from_end=False)) == ["red"]
