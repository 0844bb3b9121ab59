"""What is stored of a failure, whichever arrives first: the failed state, or the line of the log that tells why."""

from datetime import timedelta

import pytest

from orchestrator.contract.ids import uuid7
from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import now
from orchestrator.events import registry
from runs.models import Log
from runs.orchestration.transition import RunKind
from runs.services.failures.completing import complete_failures
from runs.services.failures.naming import error_of, fingerprint_of
from runs.services.failures.tracebacks import read_traceback
from runs.services.logs import write_logs
from runs.services.transitions import propose_state
from tests.factories import make_flow_run, make_logs, make_task_run

TRACEBACK = """Encountered exception during execution:
Traceback (most recent call last):
  File "/opt/venv/lib/python3.11/site-packages/prefect/engine.py", line 880, in run_context
    yield self
  File "/tmp/copy-{number}/flows.py", line {line}, in load
    return d["table"]
           ~^^^^^^^^^
KeyError: '{key}'
"""


def fail(run, message="Flow run failed with KeyError: 'table'", *, kind=RunKind.FLOW_RUN):
    propose_state(kind=kind, run_id=run.pk, proposal=State(StateType.FAILED, message=message), force=True)


def error_line(run, message=None, task=None):
    text = message or TRACEBACK.format(number=1, line=45, key="table")
    return Log(
        id=uuid7(),
        name="flows",
        level=40,
        message=text,
        timestamp=now(),
        flow_run_id=run.pk,
        task_run_id=task.pk if task else None,
    )


@pytest.fixture
def committing(django_capture_on_commit_callbacks):
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.mark.parametrize("state_first", [True, False])
@pytest.mark.django_db
def test_knows_the_place_in_whichever_order_they_arrive(committing, state_first):
    run, other = make_flow_run(), make_flow_run()
    line = error_line(run)
    steps = [lambda: fail(run), lambda: write_logs(lines=[line])]

    for step in steps if state_first else reversed(steps):
        with committing():
            step()

    run.refresh_from_db()
    other.refresh_from_db()
    assert (run.error_type, run.error_message) == ("KeyError", "'table'")
    assert run.error_frame == "/tmp/copy-1/flows.py:45, load"
    assert run.error_source == 'return d["table"]'
    assert run.failure_log_id == line.pk
    assert other.error_type is None


@pytest.mark.django_db
def test_is_complete_when_others_are_told_of_it(committing, monkeypatch):
    run, found = make_flow_run(), []
    monkeypatch.setattr(registry, "_commit_listeners", [lambda: found.append(type(run).objects.get(pk=run.pk))])
    write_logs(lines=[error_line(run)])

    with committing():
        fail(run)

    assert [each.error_frame for each in found] == ["/tmp/copy-1/flows.py:45, load"]


@pytest.mark.django_db
def test_names_the_task_that_failed_first_and_takes_over_its_error_where_the_flow_names_none(committing):
    run = make_flow_run()
    first = make_task_run(
        "FAILED", flow_run=run, started=now() - timedelta(seconds=9), message="Task run failed with ValueError: 3 rows"
    )
    make_task_run("FAILED", flow_run=run, started=now() - timedelta(seconds=5), message="Task run failed with OSError")

    with committing():
        fail(run, "2 of 5 states failed.")

    run.refresh_from_db()
    assert run.failing_task_run_id == first.pk
    assert run.error_words == "ValueError: 3 rows"


@pytest.mark.django_db
def test_names_a_task_of_the_last_attempt(committing):
    run = make_flow_run(run_count=2)
    before = make_task_run("FAILED", flow_run=run, flow_run_run_count=1, started=now() - timedelta(hours=1))
    last = make_task_run("FAILED", flow_run=run, flow_run_run_count=2)
    for task in (before, last):
        make_logs(task, TRACEBACK.format(number=1, line=45, key="table"), level=40)

    with committing():
        fail(run)

    run.refresh_from_db()
    last_line = Log.objects.get(task_run_id=last.pk)
    assert (run.failing_task_run_id, run.failure_log_id) == (last.pk, last_line.pk)


@pytest.mark.django_db
def test_follows_a_failed_subflow_to_the_task_that_broke_it(committing):
    parent = make_flow_run()
    stand_in = make_task_run("RUNNING", flow_run=parent)
    child = make_flow_run(parent_task_run=stand_in)
    culprit = make_task_run("FAILED", flow_run=child, message="Task run failed with KeyError: 'table'")
    make_logs(culprit, TRACEBACK.format(number=1, line=45, key="table"), level=40)

    with committing():
        fail(child)
    with committing():
        fail(parent, "Flow run failed with KeyError: 'table'")

    parent.refresh_from_db()
    assert parent.failing_task_run_id == culprit.pk
    assert parent.error_frame == "/tmp/copy-1/flows.py:45, load"


@pytest.mark.django_db
def test_forgets_the_failure_of_a_run_that_is_tried_again(committing):
    run = make_flow_run()
    with committing():
        fail(run)
        write_logs(lines=[error_line(run)])

    propose_state(kind=RunKind.FLOW_RUN, run_id=run.pk, proposal=State(StateType.SCHEDULED), force=True)

    run.refresh_from_db()
    assert (run.error_type, run.error_frame, run.failure_log_id, run.error_fingerprint) == (None,) * 4


@pytest.mark.django_db
def test_completes_task_runs_of_one_batch_with_a_bounded_number_of_queries(django_assert_max_num_queries):
    run = make_flow_run()
    tasks = [make_task_run("FAILED", flow_run=run, message="Task run failed with KeyError: 1") for _ in range(3)]
    for task in tasks:
        make_logs(task, TRACEBACK.format(number=1, line=45, key=1), level=40)

    with django_assert_max_num_queries(4 + len(tasks)):  # the runs, their lines, a row each, and a transaction's bounds
        complete_failures(task_run_ids=[task.pk for task in tasks])

    assert {task.__class__.objects.get(pk=task.pk).error_frame for task in tasks} == {"/tmp/copy-1/flows.py:45, load"}


@pytest.mark.django_db
def test_finds_the_traceback_after_another_error(committing):
    run = make_flow_run()
    with committing():
        write_logs(lines=[error_line(run, "careful")])
        fail(run)

    with committing():
        write_logs(lines=[error_line(run)])

    run.refresh_from_db()
    assert run.error_frame == "/tmp/copy-1/flows.py:45, load"


@pytest.mark.django_db
def test_looks_no_further_when_a_failure_without_a_traceback_is_long_known(committing, django_assert_num_queries):
    run = make_flow_run("FAILED", started=now() - timedelta(hours=1))
    task = make_task_run("FAILED", flow_run=run, started=now() - timedelta(hours=1))
    with committing():
        write_logs(lines=[error_line(run, "told late", task)])
    run.refresh_from_db()
    known = run.failure_log_id

    with django_assert_num_queries(5), committing():  # the lines in their transaction, and whether runs lack anything
        write_logs(lines=[error_line(run, "and more", task)])

    run.refresh_from_db()
    assert known is not None
    assert run.failure_log_id == known


@pytest.mark.django_db
def test_asks_nothing_for_lines_that_are_no_errors(committing, django_assert_max_num_queries):
    run = make_flow_run("FAILED")
    line = error_line(run)
    line.level = 30

    with django_assert_max_num_queries(3), committing():  # the lines, and the bounds of their transaction
        write_logs(lines=[line])


@pytest.mark.parametrize(
    ("message", "error_type", "rest"),
    [
        ("Flow run failed with ValueError: too small", "ValueError", "too small"),
        ("Flow run encountered an exception: shop.errors.Broken: no", "Broken", "no"),
        ("Task run encountered an exception KeyError: 'x'", "KeyError", "'x'"),
        ("The run failed with MemoryError", "MemoryError", ""),
        ("Note: this is no exception", "TimedOut", "Note: this is no exception"),
        ("Flow run exceeded timeout of 1.0 second(s)", "TimedOut", "Flow run exceeded timeout of 1.0 second(s)"),
        (None, "TimedOut", ""),
    ],
)
def test_reads_the_exception_from_the_states_message(message, error_type, rest):
    error = error_of(State(StateType.FAILED, name="TimedOut", message=message))

    assert (error.type, error.message) == (error_type, rest)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("no row 17 in 'a'", "no row 8 in 'b'"),
        ("run 0193c6a2-0000-7000-8000-000000000001 is gone", "run 0193c6a2-ffff-7000-8000-00000000000a is gone"),
        ("cannot read /tmp/x1/a.csv", "cannot read /tmp/y2/b.csv"),
        ("took 1.5 of 2,000 s", "took 12 of 3 s"),
        ("at 0x7f01ab", "at 0x6e99cd"),
    ],
)
def test_numbers_identifiers_and_quoted_values_do_not_split_errors_of_one_kind(one, other):
    """ERR-1"""
    prints = {
        fingerprint_of(error_type="ValueError", message=message, place=f"/copy/{number}/flows.py:{number}, load")
        for number, message in enumerate((one, other))
    }

    assert len(prints) == 1


def test_type_place_and_words_tell_errors_apart():
    prints = {
        fingerprint_of(error_type=kind, message=message, place=place)
        for kind in ("ValueError", "KeyError")
        for message in ("too small", "too large")
        for place in ("/a/flows.py:1, load", "/a/flows.py:1, save", "/a/other.py:1, load")
    }

    assert len(prints) == 12


def test_reads_frames_of_the_author_and_of_libraries():
    traceback = read_traceback(TRACEBACK.format(number=1, line=45, key="table"))

    assert [frame.is_library for frame in traceback.frames] == [True, False]
    assert traceback.own_frame.source == 'return d["table"]'
    assert traceback.error == "KeyError: 'table'"
