"""The layout of the timeline."""

from datetime import UTC, datetime, timedelta

import pytest
from django.http import QueryDict

from orchestrator.contract.states import State, StateType
from runs.models import Artifact, FlowRunState
from runs.pages.timeline.edges import MOST_EDGES
from runs.pages.timeline.lanes import MAX_ROWS, Inner
from runs.pages.timeline.layout import build_timeline
from runs.pages.timeline.options import Options
from runs.pages.timeline.rows import MOST_BARS
from runs.pages.timeline.scale import PLOT_WIDTH
from tests.factories import make_flow_run, make_task_run

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 20, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def lay_out(tasks, *, histories=None, children=None, end=10.0, now=10.0, **more):
    return build_timeline(
        tasks=tasks,
        histories=histories or {},
        children=children or {},
        begin=START,
        end=None if end is None else at(end),
        now=at(now),
        **more,
    )


def one_of_a_kind(state="COMPLETED", *, kind, **columns):
    return make_task_run(state, task=kind, task_key=kind, **columns)


@pytest.fixture
def run():
    return make_flow_run("COMPLETED", started=START, seconds=10)


def test_places_bars_by_the_time_they_take(run):
    first = one_of_a_kind(kind="first", flow_run=run, started=at(0), seconds=5)
    second = one_of_a_kind(kind="second", flow_run=run, started=at(5), seconds=5)

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


def test_folds_the_runs_of_one_task_and_unfolds_them_on_demand(run):
    mapped = [make_task_run("COMPLETED", flow_run=run, task="extract", started=at(number)) for number in range(5)]

    (folded,) = lay_out(mapped).rows
    unfolded = lay_out(mapped, options=Options(open=frozenset([mapped[0].task_key]))).rows

    assert (folded.label, folded.note, len(folded.bars), folded.is_group) == ("extract ×5", "5 tasks", 5, True)
    assert folded.fold == ("open", mapped[0].task_key)
    assert [row.label for row in unfolded] == ["extract ×5", *(task.name for task in mapped)]


def test_draws_more_than_sixty_bars_as_a_strip(run):
    """RUN-7: many runs of one task are one row."""
    mapped = [
        make_task_run("COMPLETED", flow_run=run, task="extract", started=at(number / 50), seconds=1)
        for number in range(MOST_BARS + 5)
    ]
    mapped[3].state_type = "FAILED"
    load = one_of_a_kind("FAILED", kind="load", flow_run=run, started=at(8), seconds=1)

    timeline = lay_out([*mapped, load])

    assert [row.label for row in timeline.rows] == [f"extract ×{MOST_BARS + 5}", load.name]
    assert timeline.rows[0].strip is not None
    assert timeline.rows[0].strip.failed_path
    assert timeline.rows[1].in_trouble


def test_puts_what_went_wrong_first_unless_asked_for_the_order_of_time(run):
    good = one_of_a_kind(kind="good", flow_run=run, started=at(1))
    bad = one_of_a_kind("FAILED", kind="bad", flow_run=run, started=at(5))

    assert [row.label for row in lay_out([good, bad]).rows] == [bad.name, good.name]
    assert [row.label for row in lay_out([good, bad], options=Options(by_start=True)).rows] == [good.name, bad.name]


def test_draws_at_most_forty_rows_and_keeps_those_that_failed(run):
    """RUN-7: at most 40 rows."""
    tasks = [one_of_a_kind(kind=f"t{number}", flow_run=run, started=at(1)) for number in range(MAX_ROWS + 5)]
    tasks.append(one_of_a_kind("FAILED", kind="last", flow_run=run, started=at(9)))

    timeline = lay_out(tasks, options=Options(by_start=True))

    assert len(timeline.rows) == MAX_ROWS
    assert timeline.hidden_rows == 6
    assert timeline.rows[-1].in_trouble


def test_shows_only_what_happened_in_the_window_that_is_looked_at(run):
    early = one_of_a_kind(kind="early", flow_run=run, started=at(0), seconds=2)
    late = one_of_a_kind(kind="late", flow_run=run, started=at(6), seconds=4)

    timeline = lay_out([early, late], options=Options(t0=5, t1=8))

    (row,) = timeline.rows
    assert row.label == late.name
    assert row.bars[0].x == pytest.approx(PLOT_WIDTH / 3, abs=0.1)  # a second of three after the left edge
    assert row.bars[0].x + row.bars[0].width == pytest.approx(PLOT_WIDTH, abs=0.1)  # cut at the right edge
    assert (timeline.t0, timeline.t1) == (5, 8)
    assert timeline.closer == ("5.75", "7.25")
    assert timeline.wider == ("3.5", "9.5")
    assert lay_out([early, late], options=Options(t0=2, t1=8)).wider == (None, None)


@pytest.mark.parametrize("window", [(-5, 4), (6, 99), (-5, 99)])
def test_zooms_out_no_further_than_the_run(run, window):
    task = one_of_a_kind(kind="mine", flow_run=run, started=at(1))

    timeline = lay_out([task], options=Options(t0=window[0], t1=window[1]))

    assert (timeline.t0, timeline.t1) == (max(window[0], 0), min(window[1], 10))
    assert timeline.is_zoomed is (window != (-5, 99))


def test_lets_bars_grow_only_where_now_is_in_sight(run):
    task = make_task_run("RUNNING", flow_run=run, started=at(2))

    past, whole = (lay_out([task], end=None, now=6, options=Options(t0=0, t1=t1)) for t1 in (4, 50))

    assert past.rows[0].bars[0].x + past.rows[0].bars[0].width == PLOT_WIDTH
    assert past.percent_per_second == 0
    assert whole.percent_per_second > 0


def test_leaves_out_idle_time_on_demand(run):
    first = one_of_a_kind(kind="first", flow_run=run, started=at(0), seconds=1)
    second = one_of_a_kind(kind="second", flow_run=run, started=at(9), seconds=1)

    whole, folded = lay_out([first, second]), lay_out([first, second], options=Options(hide_idle=True))

    assert whole.has_idle
    assert whole.rows[1].bars[0].x == pytest.approx(PLOT_WIDTH * 0.9, abs=0.1)
    assert folded.rows[1].bars[0].x == pytest.approx(PLOT_WIDTH / 2, abs=2)
    assert [fold.title for fold in folded.folds] == ["8.0 s without tasks"]


def test_unfolds_a_subflow_to_its_tasks(run):
    """RUN-12: a subflow is a row, its tasks are rows below it."""
    task = one_of_a_kind(kind="sub", flow_run=run, started=at(1))
    child = make_flow_run("COMPLETED", name="calm-lark", parent_task_run=task)
    inner = one_of_a_kind(kind="inner", flow_run=child, started=at(2))

    folded = lay_out([task], children={task.id: child})
    unfolded = lay_out([task], children={task.id: child}, inner={child.id: Inner([inner])})

    assert [row.label for row in folded.rows] == ["calm-lark"]
    assert [(row.label, row.depth) for row in unfolded.rows] == [("calm-lark", 0), (inner.name, 1)]


def test_draws_the_chain_that_decided_when_the_run_was_done(run):
    quick = one_of_a_kind(kind="quick", flow_run=run, started=at(0), seconds=1)
    slow = one_of_a_kind(kind="slow", flow_run=run, started=at(0), seconds=4)
    last = one_of_a_kind(kind="last", flow_run=run, started=at(5), upstream=[quick, slow])

    timeline = lay_out([quick, slow, last])

    (edge,) = timeline.path
    rows = {row.label: row for row in timeline.rows}
    assert (edge.y1, edge.y2) == (rows[slow.name].y + 13, rows[last.name].y + 13)
    assert timeline.has_path
    assert rows[slow.name].bars[0].is_critical
    assert not rows[quick.name].bars[0].is_critical


def test_gives_each_row_the_edges_to_what_it_waited_for_and_to_what_waited_for_it(run):
    mapped = [make_task_run("COMPLETED", flow_run=run, task="extract", started=at(n), seconds=1) for n in range(3)]
    join = one_of_a_kind(kind="join", flow_run=run, started=at(5), upstream=mapped)
    last = one_of_a_kind(kind="last", flow_run=run, started=at(8), upstream=[join])
    alone = one_of_a_kind(kind="alone", flow_run=run, started=at(1))

    rows = {row.label: row for row in lay_out([*mapped, join, last, alone]).rows}

    assert len(rows["extract ×3"].edges) == 1  # one of those that lead to the same row
    assert sorted((edge.y1, edge.y2) for edge in rows[join.name].edges) == [
        (rows["extract ×3"].y + 13, rows[join.name].y + 13),
        (rows[join.name].y + 13, rows[last.name].y + 13),
    ]
    assert rows["extract ×3"].edges[0].x2 == rows[join.name].bars[0].x
    assert rows[alone.name].edges == []


def test_leads_from_a_subflow_to_what_was_given_its_result(run):
    stand_in = one_of_a_kind(kind="sub", flow_run=run, started=at(0), seconds=2)
    child = make_flow_run("COMPLETED", parent_task_run=stand_in)
    after = one_of_a_kind(
        kind="after", flow_run=run, started=at(4), task_inputs={"x": [{"input_type": "flow_run", "id": str(child.id)}]}
    )

    timeline = lay_out([stand_in, after], children={stand_in.id: child})

    assert len(timeline.path) == 1


def test_draws_few_edges_however_many_there_are(run):
    sources = [one_of_a_kind(kind=f"s{n}", flow_run=run, started=at(0), seconds=1) for n in range(MOST_EDGES + 5)]
    join = one_of_a_kind(kind="join", flow_run=run, started=at(5), upstream=sources)

    rows = {row.label: row for row in lay_out([*sources, join]).rows}

    assert len(rows[join.name].edges) == MOST_EDGES


def test_draws_an_edge_that_is_in_sight_where_a_later_one_between_its_rows_is_not(run):
    sources = [make_task_run("COMPLETED", flow_run=run, task="a", started=at(n), seconds=1) for n in (0, 7)]
    for source, start in zip(sources, (2, 8.5), strict=True):
        make_task_run("COMPLETED", flow_run=run, task="b", started=at(start), seconds=1, upstream=[source])

    rows = lay_out(list(run.task_runs.order_by("start_time")), options=Options(t0=0, t1=4)).rows

    assert [len(row.edges) for row in rows] == [1, 1]
    assert rows[0].edges[0].x2 == PLOT_WIDTH / 2


def test_marks_what_a_task_and_what_the_run_itself_made(run):
    task = one_of_a_kind(kind="mine", flow_run=run, started=at(1))
    of_task = Artifact(key="report", type="markdown", flow_run_id=run.id, task_run_id=task.id, created=at(2))
    of_run = Artifact(key="orders", type="table", flow_run_id=run.id, created=at(5))

    timeline = lay_out([task], artifacts=[of_task, of_run])

    assert [mark.name for mark in timeline.rows[0].marks] == ["report"]
    assert [(mark.name, mark.x) for mark in timeline.marks] == [("orders", PLOT_WIDTH / 2)]


def test_chooses_no_task_whose_log_is_on_another_page(run):
    """A click on a subflow, or on a task inside it, leads to its page: its lines are in the log of that run."""
    stand_in = one_of_a_kind(kind="sub", flow_run=run, started=at(1))
    child = make_flow_run("COMPLETED", parent_task_run=stand_in)
    inner = [make_task_run("COMPLETED", flow_run=child, task="inner", started=at(n)) for n in (2, 4)]

    rows = lay_out([stand_in], children={stand_in.id: child}, inner={child.id: Inner(inner)}).rows

    assert [bar.task_id for row in rows for bar in row.bars] == [None, None, None]
    assert rows[1].url == f"/runs/flow-run/{child.id}?open={inner[0].task_key}"


def test_shows_the_states_of_the_run_itself_at_the_foot(run):
    states = [
        FlowRunState(flow_run=run, type="PENDING", name="Pending", timestamp=at(0)),
        FlowRunState(flow_run=run, type="RUNNING", name="Running", timestamp=at(4)),
        FlowRunState(flow_run=run, type="COMPLETED", name="Completed", timestamp=at(10)),
    ]

    timeline = lay_out([], states=states)

    assert [(band.tone, band.title) for band in timeline.bands] == [
        ("pending", "The run was Pending for 4.0 s"),
        ("running", "The run was Running for 6.0 s"),
    ]


def test_marks_the_chosen_task(run):
    task = one_of_a_kind(kind="mine", flow_run=run, started=at(1))

    assert lay_out([task], options=Options(task=task.id)).rows[0].is_chosen


@pytest.mark.parametrize("query", ["t0=9&t1=3", "t0=nan", "t0=inf&t1=1e99", "task=x&sub=y&open=", "t0=-5&t1=0"])
def test_survives_any_address(run, query):
    task = one_of_a_kind(kind="mine", flow_run=run, started=at(1))

    assert lay_out([task], options=Options.from_query(QueryDict(query))).height > 0


def test_survives_a_run_without_tasks():
    timeline = build_timeline(tasks=[], histories={}, children={}, begin=None, end=None, now=START)

    assert timeline.rows == []
