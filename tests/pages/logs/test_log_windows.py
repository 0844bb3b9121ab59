"""Which lines of a log a page shows."""

from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import uuid4

import pytest
from django.db import connection

from runs.models import Log
from runs.pages.logs.counts import count_levels, count_lines
from runs.pages.logs.filters import LogFilter, Place
from runs.pages.logs.matches import read_matches
from runs.pages.logs.order import in_order, spot_of
from runs.pages.logs.patterns import PatternRefused, read_needle
from runs.pages.logs.windows import FOUND, WINDOW, next_of_level, read_window
from tests.factories import make_logs, make_task_run

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 20, 12, tzinfo=UTC)
ALL = LogFilter()


def messages(found) -> list[str]:
    return [line.message for line in found.lines]


def found_messages(window) -> list[str]:
    return [line.message for line in window.lines if not line.is_context]


def wanted(**query: str) -> LogFilter:
    return LogFilter.from_query(query)


def test_begins_at_the_beginning_or_at_the_end(run, logs):
    make_logs(run, *(f"line {number}" for number in range(WINDOW + 10)), started=START)

    first, last = read_window(logs, ALL, from_end=False), read_window(logs, ALL, from_end=True)

    assert (messages(first)[0], messages(first)[-1]) == ("line 0", f"line {WINDOW - 1}")
    assert (first.earlier, first.later is not None, first.first_number) == (None, True, 1)
    assert (messages(last)[0], messages(last)[-1]) == ("line 10", f"line {WINDOW + 9}")
    assert (last.earlier is not None, last.later, last.first_number) == (True, None, 11)
    assert read_window(logs, ALL, Place.from_query({"before": "end"}), from_end=False) == last
    assert read_window(logs, ALL, Place.from_query({"from": "start"}), from_end=True) == first


@pytest.mark.parametrize("lines", [0, 3, WINDOW, WINDOW + 10])
@pytest.mark.parametrize("from_end", [False, True], ids=["beginning", "end"])
def test_reads_the_ends_of_a_whole_log_as_it_reads_any_part(run, logs, lines, from_end):
    task = make_task_run(flow_run=run, name="extract-1")
    make_logs(run, *(f"line {number}" for number in range(lines)), started=START, every=0)
    make_logs(task, "of the task", level=40, started=START)
    make_logs(make_task_run(), "of another run", started=START)

    composed_once = read_window(logs, ALL, from_end=from_end, run_id=run.id)

    assert composed_once == read_window(logs, ALL, from_end=from_end)
    assert composed_once.is_whole == (lines < WINDOW)


def test_leads_to_earlier_and_later_lines_without_gaps(run, logs):
    make_logs(run, *(f"line {number}" for number in range(WINDOW + 10)), started=START, every=0)  # all of one moment

    last = read_window(logs, ALL, from_end=True)
    before = read_window(logs, ALL, Place(before=last.earlier), from_end=True)
    after = read_window(logs, ALL, Place(since=before.later), from_end=True)

    assert len(set(messages(before) + messages(last))) == WINDOW + 10
    assert messages(after) == messages(last)


def test_opens_at_a_line(run, logs):
    written = make_logs(run, *(f"line {number}" for number in range(2 * WINDOW)), started=START)

    window = read_window(logs, ALL, Place(at=written[WINDOW].id), from_end=False)

    assert f"line {WINDOW}" in messages(window)
    assert window.earlier
    assert window.later
    assert window.first_number == WINDOW // 2 + 1


def test_opens_where_it_would_anyway_when_there_is_no_such_line(run, logs):
    make_logs(run, "first", started=START)

    assert messages(read_window(logs, ALL, Place(at=uuid4()), from_end=False)) == ["first"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"level": "warning"}, ["careful", "broken"]),  # and everything worse
        ({"level": "error"}, ["broken"]),
        ({"level": "nonsense"}, ["fetched", "careful", "broken"]),
        ({"q": "ROKE"}, ["broken"]),
        ({"q": "%"}, []),  # not a wildcard
        ({"q": "/^.{7}$/"}, ["fetched", "careful"]),
        ({"q": "/B.OK/", "level": "warning"}, ["broken"]),
        ({"q": "/CAREf+ul/"}, ["careful"]),
        ({"q": "/"}, []),
    ],
)
def test_filters_by_level_and_text(run, logs, query, expected):
    make_logs(run, "fetched", started=START)
    make_logs(run, "careful", level=30, started=START + timedelta(seconds=1))
    make_logs(run, "broken", level=40, started=START + timedelta(seconds=2))

    assert found_messages(read_window(logs, LogFilter.from_query(query), from_end=False)) == expected


def test_filters_by_task_and_names_it(run, logs):
    task = make_task_run(flow_run=run, task="load")
    make_logs(run, "of the flow")
    make_logs(task, "of the task")

    (line,) = read_window(logs, wanted(task=str(task.id)), from_end=False).lines
    by_key = LogFilter.from_query({"task": task.task_key}, run_id=run.id)

    assert (line.message, line.task) == ("of the task", task.name)
    assert messages(read_window(logs, by_key, from_end=False)) == ["of the task"]


def test_filters_by_logger_and_by_seconds_since_the_start(run, logs):
    make_logs(run, "early", "late", started=START + timedelta(seconds=1), every=5)
    make_logs(run, "of another", started=START, logger="requests")

    window = LogFilter.from_query({"t0": "0.5", "t1": "3"}, begin=START)

    assert messages(read_window(logs, wanted(logger="requests"), from_end=False)) == ["of another"]
    assert messages(read_window(logs, window, from_end=False)) == ["early"]
    assert LogFilter.from_query({"t0": "nan", "t1": "x", "attempt": "²"}, begin=START) == ALL


def test_shows_what_is_found_between_the_lines_beside_it(run, logs):
    texts = [f"line {number}" for number in range(40)]
    texts[10], texts[15], texts[30] = "a needle", "another needle", "the last needle"
    make_logs(run, *texts, started=START)

    window = read_window(logs, wanted(q="needle"), from_end=False)

    assert messages(window) == texts[8:18] + texts[28:33]
    assert found_messages(window) == ["a needle", "another needle", "the last needle"]
    assert [line.message for line in window.lines if line.is_apart] == ["line 28"]


def test_pages_through_what_is_found(run, logs):
    make_logs(run, *(f"needle {number}" for number in range(FOUND + 20)), started=START)

    first = read_window(logs, wanted(q="needle"), from_end=False)
    second = read_window(logs, wanted(q="/needle/"), Place(since=first.later), from_end=False)

    assert len(found_messages(first)) == FOUND
    assert found_messages(second) == [f"needle {number}" for number in range(FOUND, FOUND + 20)]


def test_says_why_an_expression_cannot_be_used(run, logs):
    make_logs(run, "a" * 5_000 + "!")

    assert "cannot be read" in wanted(q="/(/").problem
    assert wanted(q="/(/").needle is None
    assert "longer than" in wanted(q=f"/{'a' * 300}/").problem
    with pytest.raises(PatternRefused, match="takes too long"):
        read_window(logs, wanted(q="/^(a|aa)+$/"), from_end=False)


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        (r"row \d+ of \(all\)", " of (all)"),
        ("^Failed: .*[a-z]$", "Failed: "),
        ("colou?r", "colo"),  # the last letter may be missing
        ("abcd{0,2}ef", "abc"),
        ("abc+def", "abc"),
        ("a.b.c", ""),  # most lines have these
        ("broken|failed", ""),
        ("(?x) no space", ""),
        ("[[:alpha:]]xyz", ""),
        (r"\x41bcd", ""),
        (r"\pLetter", ""),
        ("(?:tine){e<=1}", ""),
        ("größe", ""),  # SQLite knows capital letters of English only
    ],
)
def test_knows_the_words_that_lines_with_an_expression_have(expression, words):
    assert read_needle(f"/{expression}/").words == words


def test_goes_on_where_a_long_search_stopped(run, logs, monkeypatch):
    monkeypatch.setattr("runs.pages.logs.walking.monotonic", count().__next__)  # each line takes a second
    monkeypatch.setattr("runs.pages.logs.walking.PATIENCE", 9)
    make_logs(run, *(f"line {number}" for number in range(25)), started=START)

    first = read_window(logs, wanted(q="/(line 1[49])/"), from_end=False)
    second = read_window(logs, wanted(q="/(line 1[49])/"), Place(since=first.later), from_end=False)

    assert (first.lines, first.tired_at) == ([], START + timedelta(seconds=0.09))
    assert found_messages(second) == ["line 14", "line 19"]


def test_goes_on_where_a_search_for_words_stopped(run, logs, monkeypatch):
    """LOG-2: of a log that takes long the page tells how far it was searched, and nothing is left out on the way."""
    for name in ("STRETCH", "FIRST_STRETCH"):
        monkeypatch.setattr(f"runs.pages.logs.order.{name}", 10)
    texts = [f"needle {number}" if number in (5, 12, 25, 34) else f"line {number}" for number in range(40)]
    lines = make_logs(run, *texts, started=START)
    filter = wanted(q="needle")

    matches = read_matches(logs, filter, seconds=-1)
    first = read_window(logs, filter, from_end=False, matches=matches)
    monkeypatch.setattr("runs.pages.logs.walking.PATIENCE", -1)
    second = read_window(logs, filter, Place(since=first.later), from_end=False, matches=matches)
    back = read_window(logs, filter, Place(before=lines[8].id), from_end=False, matches=matches)
    monkeypatch.undo()
    third = read_window(logs, filter, Place(since=second.later), from_end=False, matches=matches)

    assert (found_messages(first), first.tired_at) == (["needle 5"], lines[9].timestamp)
    assert (found_messages(second), second.tired_at) == (["needle 12"], lines[19].timestamp)
    assert (found_messages(back), back.tired_at, back.earlier) == (["needle 5"], None, None)
    assert (found_messages(third), third.tired_at, third.later) == (["needle 25", "needle 34"], None, None)
    assert {one.count for one in count_levels(logs, filter, matches)} == {""}  # nobody knows
    assert read_matches(logs, filter).count(least=0) == 4


def test_counts_what_each_level_would_show(run, logs):
    make_logs(run, "one", "two")
    make_logs(run, "detail", level=10)
    make_logs(run, "broken", level=40)

    counts = {one.word: one.count for one in count_levels(logs, LogFilter(level="error"))}

    assert counts == {"All": "4", "Info": "3", "Warnings and errors": "1", "Errors": "1"}


def test_counts_bad_lines_beyond_those_that_are_counted(run, logs, monkeypatch):
    monkeypatch.setattr("runs.pages.logs.counts.MOST_COUNTED", 5)
    make_logs(run, *["fine"] * 8, started=START)
    make_logs(run, "broken", "broken too", level=40, started=START + timedelta(seconds=9))

    counts = {one.word: one.count for one in count_levels(logs, ALL)}

    assert counts == {"All": "5+", "Warnings and errors": "2", "Errors": "2"}


def test_finds_the_errors_before_and_after_a_line(run, logs):
    lines = make_logs(run, *(f"line {number}" for number in range(9)), started=START)
    Log.objects.filter(id__in=[lines[2].id, lines[6].id]).update(level=40)
    errors = LogFilter(level="error")

    assert next_of_level(logs, errors, lines[2].id, forwards=True) == lines[6].id
    assert next_of_level(logs, errors, lines[6].id, forwards=False) == lines[2].id
    assert next_of_level(logs, errors, None, forwards=True) == lines[2].id
    assert next_of_level(logs, errors, lines[7].id, forwards=True) is None


needs_plans = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="PostgreSQL reads a table as small as this one whole"
)


@needs_plans
@pytest.mark.parametrize(
    ("query", "index"),
    [({}, "log_flow_run "), ({"level": "warning"}, "log_flow_run_bad "), ({"level": "error"}, "log_flow_run_bad ")],
)
@pytest.mark.parametrize("forwards", [True, False])
def test_finds_its_place_in_a_long_log_by_an_index(run, logs, query, index, forwards):
    (line,) = make_logs(run, "a line")

    plan = in_order(LogFilter.from_query(query).apply(logs), spot_of(line), forwards=forwards)[:WINDOW].explain()

    assert f"INDEX {index}(flow_run_id=? AND timestamp" in plan
    assert "TEMP B-TREE" not in plan


@needs_plans
def test_finds_the_bad_lines_of_a_task_run_by_an_index(run):
    task = make_task_run("FAILED", flow_run=run)
    logs = Log.objects.filter(task_run_id=task.id)
    (line,) = make_logs(task, "broken", level=40)

    plan = in_order(LogFilter(level="error").apply(logs), spot_of(line), forwards=False)[:WINDOW].explain()

    assert "INDEX log_task_run_bad (task_run_id=? AND timestamp" in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize("levels", [(), (20,), (10, 15, 20, 25), (20, 30, 35, 40, 50)], ids=repr)
def test_counts_a_log_that_was_read_as_the_database_does(run, logs, levels):
    for level in levels:
        make_logs(run, "a line", "another", level=level)

    window = read_window(logs, ALL, from_end=False)

    assert count_lines(window.lines) == count_levels(logs, ALL)
