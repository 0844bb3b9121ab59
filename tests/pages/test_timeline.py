"""The layout of the timeline."""

from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.contract.states import State, StateType
from runs.pages.timeline import MAX_ROWS, MOST_BARS, PLOT_WIDTH, build_timeline
from tests.factories import make_flow_run, make_task_run

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 20, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def lay_out(tasks, *, histories=None, children=None, end=10.0, now=10.0):
    return build_timeline(
        tasks=tasks,
        histories=histories or {},
        children=children or {},
        begin=START,
        end=None if end is None else at(end),
        now=at(now),
    )


@pytest.fixture
def run():
    return make_flow_run("COMPLETED", started=START, seconds=10)


def test_places_bars_by_the_time_they_take(run):
    first = make_task_run("COMPLETED", flow_run=run, started=at(0), seconds=5)
    second = make_task_run("COMPLETED", flow_run=run, started=at(5), seconds=5)

    timeline = lay_out([first, second])

    bars = [row.bars[0] for row in timeline.rows]
    assert (bars[0].x, bars[0].width) == (0, PLOT_WIDTH / 2)  # the first half of ten seconds
    assert (bars[1].x, bars[1].width) == (PLOT_WIDTH / 2, PLOT_WIDTH / 2)


def test_says_how_many_ran_at_once(run):
    tasks = [make_task_run("COMPLETED", flow_run=run, started=at(start), seconds=2) for start in (0, 1, 1.5, 3.5)]

    timeline = lay_out(tasks)

    assert "up to 3 at once" in timeline.sentence  # at 1.5 s; the fourth begins when the third ends


def test_draws_every_try_as_a_bar_of_its_own(run):
    history = [
        State(StateType.RUNNING, timestamp=at(1)),
        State(StateType.SCHEDULED, name="AwaitingRetry", timestamp=at(2)),
        State(StateType.RUNNING, name="Retrying", timestamp=at(4)),
    ]
    failed = State(StateType.FAILED, timestamp=at(5))
    task = make_task_run(failed, flow_run=run, started=at(1), seconds=4, history=history, run_count=2)

    (row,) = lay_out([task], histories={task.id: list(task.states.order_by("timestamp"))}).rows

    assert [bar.tone for bar in row.bars] == ["retrying", "failed"]
    assert row.note == "2 tries"
    assert row.in_trouble


def test_ends_the_bar_of_a_running_task_now_and_lets_it_grow(run):
    task = make_task_run("RUNNING", flow_run=run, started=at(2))

    timeline = lay_out([task], end=None, now=6)

    (bar,) = timeline.rows[0].bars
    assert bar.since == at(2)
    assert bar.x + bar.width < PLOT_WIDTH  # there is room to grow
    assert timeline.percent_per_second > 0


def test_draws_nothing_for_a_task_that_has_not_started(run):
    task = make_task_run("PENDING", flow_run=run, started=at(2))

    (row,) = lay_out([task]).rows

    assert row.bars == []
    assert row.note == "pending"


def test_keeps_the_colour_of_a_cached_task(run):
    task = make_task_run(
        State(StateType.COMPLETED, name="Cached", timestamp=at(3)), flow_run=run, started=at(3), seconds=0
    )

    (row,) = lay_out([task]).rows

    assert row.bars[0].tone == "cached"
    assert row.note == "cached"


def test_leads_a_subflow_to_its_own_run(run):
    task = make_task_run("COMPLETED", flow_run=run, started=at(1))
    child = make_flow_run("COMPLETED", name="calm-lark", parent_task_run=task)

    (row,) = lay_out([task], children={task.id: child}).rows

    assert row.label == "calm-lark"
    assert row.is_subflow
    assert str(child.id) in row.url


def test_gathers_the_runs_of_one_task_when_there_are_many(run):
    mapped = [
        make_task_run("COMPLETED", flow_run=run, task="extract", started=at(number / 50), seconds=1)
        for number in range(MOST_BARS + 5)
    ]
    mapped.append(make_task_run("FAILED", flow_run=run, task="load", started=at(8), seconds=1))

    timeline = lay_out(mapped)

    assert [row.label for row in timeline.rows] == ["extract", mapped[-1].name]
    assert timeline.rows[0].strip is not None
    assert timeline.rows[1].in_trouble


def test_draws_at_most_forty_rows_and_keeps_those_that_failed(run):
    tasks = [
        make_task_run("COMPLETED", flow_run=run, task=f"t{number}", task_key=f"t{number}", started=at(1))
        for number in range(MAX_ROWS + 5)
    ]
    tasks.append(make_task_run("FAILED", flow_run=run, task="last", task_key="last", started=at(9)))

    timeline = lay_out(tasks)

    assert len(timeline.rows) == MAX_ROWS
    assert timeline.hidden_rows == 6
    assert timeline.rows[-1].in_trouble


def test_survives_a_run_without_tasks():
    timeline = build_timeline(tasks=[], histories={}, children={}, begin=None, end=None, now=START)

    assert timeline.rows == []
