"""What the page of a failed or crashed run says before anything else."""

from datetime import timedelta

import pytest

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import now
from runs.models import Claim, FlowRun, Heartbeat
from runs.pages.flow_run.crashes import crash_words
from runs.services.failures.completing import complete_failures
from tests.factories import make_deployment, make_flow_run, make_logs, make_task_run

pytestmark = pytest.mark.django_db
TRACEBACK = """Encountered exception during execution:
Traceback (most recent call last):
  File "/opt/venv/lib/python3.11/site-packages/prefect/engine.py", line 880, in run_context
    yield self
  File "/srv/copy/flows.py", line 45, in load
    return d["table"]
KeyError: 'table'
"""
MESSAGE = "Flow run encountered an exception: KeyError: 'table'"


@pytest.fixture
def read(client):
    return lambda run, query="": client.get(f"/runs/flow-run/{run.id}{query}").content.decode()


@pytest.fixture
def deployment():
    return make_deployment(name="nightly")


def make_failed(deployment, **columns):
    run = make_flow_run("FAILED", deployment=deployment, flow=deployment.flow, message=MESSAGE, **columns)
    task = make_task_run("FAILED", flow_run=run, task="load", message=MESSAGE.replace("Flow", "Task"), run_count=2)
    make_logs(task, TRACEBACK, level=40)
    complete_failures(flow_run_ids=[run.id], task_run_ids=[task.id])
    return FlowRun.objects.get(id=run.id)


def test_shows_error_task_and_place_without_a_click(read, deployment):
    """RUN-1: type, message, task and place are on the card, with the line of code."""
    run = make_failed(deployment)

    body = read(run)

    card = body[body.index('class="card failure tone-failed"') :]
    assert "KeyError: &#x27;table&#x27;</strong>" in card
    assert f'<a href="/runs/task-run/{run.failing_task_run_id}">load-' in card
    assert "<code>flows.py:45</code>" in card
    assert "after 2 tries" in card
    assert "return d[&quot;table&quot;]</b>" in card
    assert "1 library frame hidden" in card
    assert f'href="?at={run.failure_log_id}#L{run.failure_log_id}"' in card


def test_shows_the_same_before_the_log_was_looked_at(read, deployment):
    run = make_flow_run("FAILED", deployment=deployment, message=MESSAGE)
    make_logs(make_task_run("FAILED", flow_run=run), TRACEBACK, level=40)

    assert "<code>flows.py:45</code>" in read(run)


def test_compares_with_the_runs_before(read, deployment):
    first = make_failed(deployment, started=now() - timedelta(hours=3))
    good = make_flow_run(
        "COMPLETED", deployment=deployment, flow=deployment.flow, started=now() - timedelta(hours=2), name="opal"
    )
    run = make_failed(deployment, started=now() - timedelta(hours=1))

    body = read(run)

    assert "2 of the last 3 runs of nightly failed" in body
    assert f'same error in <a href="/errors/{first.error_fingerprint}">2 runs</a>' in body
    assert f'last success <a href="/runs/flow-run/{good.id}">opal</a>' in body
    assert f"/runs/flow-run/{run.id}/compare?with={good.id}" in body


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("The process ended with signal 9 (SIGKILL).", "SIGKILL: Something outside ended it"),
        ("Flow run process exited with non-zero status code -11.", "SIGSEGV: Compiled code"),
        ("exited with status code 137", "SIGKILL"),
        ("its process ended with exit code 3", "ended by itself with exit code 3"),
    ],
)
def test_says_in_words_how_a_process_ended(message, words):
    run = FlowRun(state=State(StateType.CRASHED, message=message).to_wire())

    assert words in " ".join(crash_words(run, []))


def test_says_of_a_crash_which_worker_had_it_and_what_it_logged_last(read):
    run = make_flow_run("CRASHED", message="It was lost: signal 9 (SIGKILL).")
    Claim.objects.create(
        flow_run=run, attempt=2, worker_name="berlin-1", process_id=77, claimed_at=now(), lease_expires_at=now(),
        ended_at=now(), outcome="lost", reason="Its process died.",
    )  # fmt: skip
    make_logs(run, *(f"line {number}" for number in range(7)))

    body = read(run)

    assert "Worker berlin-1, process 77 had it until just now. Its process died. It was attempt 2." in body
    assert "The last 5 lines of its log" in body


def test_says_of_a_crashed_script_when_it_was_heard_of(read):
    run = make_flow_run("CRASHED", message="It gave no sign of life.")
    Heartbeat.objects.create(
        flow_run=run, last_at=now() - timedelta(minutes=4), silent_after=now(), host="lab-3", process_id=12
    )

    assert "Its process (process 12 on lab-3) was heard of for the last time 4 min ago." in read(run)


def test_says_how_long_a_run_went_on_that_took_too_long(read):
    slow = State(StateType.FAILED, name="TimedOut", message="Flow run exceeded timeout of 60.0 second(s)")

    assert "It had run for 1m 01s by then." in read(make_flow_run(slow, seconds=61))


def test_names_the_subflow_in_which_it_began(read):
    parent = make_flow_run("FAILED", message=MESSAGE)
    stand_in = make_task_run("FAILED", flow_run=parent)
    child = make_flow_run("FAILED", message=MESSAGE, parent_task_run=stand_in, name="calm-lark")
    culprit = make_task_run("FAILED", flow_run=child, task="load", message=MESSAGE)
    make_logs(culprit, TRACEBACK, level=40)
    complete_failures(flow_run_ids=[child.id])
    complete_failures(flow_run_ids=[parent.id])

    body = read(FlowRun.objects.get(id=parent.id))

    assert f'<a href="/runs/task-run/{culprit.id}">{culprit.name}</a>' in body
    assert f'of the subflow <a href="/runs/flow-run/{child.id}">calm-lark</a>' in body


def test_asks_again_for_a_moment_where_the_log_has_not_told_the_place_yet(read):
    """RUN-3: a place that is logged after the state shows up by itself."""
    settling = make_flow_run("FAILED", message=MESSAGE, started=now() - timedelta(seconds=10))
    old = make_flow_run("FAILED", message=MESSAGE, started=now() - timedelta(hours=1))

    assert "data-settles" in read(settling)
    assert "data-settles" not in read(old)
