"""Programs end while the server is away, and the next one tells what they could not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from orchestrator.sdk.api.client import current_client
from orchestrator.sdk.api.transport import Response
from orchestrator.sdk.errors import ApiError
from orchestrator.sdk.recording.journal import Journal
from orchestrator.sdk.recording.journal_files import journal_directory, summaries, take_left_behind
from orchestrator.sdk.recording.journal_lines import Batch, End
from orchestrator.sdk.recording.sending import send_left_behind
from tests.waiting import eventually

HEADER = """
import sys
from orchestrator import flow, task
from orchestrator.sdk.flows import flow_endings
flow_endings._LEAST_PATIENCE_SECONDS = 0.2
"""

# It tells the test by a line on standard output that the server may go away, and waits until it has.
UNLUCKY = f"""{HEADER}
@task
def step(number):
    print("step", number, flush=True)
    if number == 2:
        print("now", flush=True)
        sys.stdin.readline()
    return number

@flow(log_prints=False)
def unlucky():
    for number in range(5):
        step(number)
    {{ending}}

try:
    unlucky()
except ValueError:
    pass
"""
LUCKY = f"{HEADER}\n@flow\ndef lucky():\n    return 1\nlucky()\n"


@pytest.fixture
def program(data_directory, http):
    started = []

    def start(code, **environment):
        settings = {
            "ORCHESTRATOR_HOME": str(data_directory),
            "ORCHESTRATOR_API_URL": http.url,
            "ORCHESTRATOR_DRAIN_SECONDS": "0.3",
            "PYTHONPATH": os.getcwd(),
        }
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, **settings, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def take_the_server_away(http, process):
    for line in process.stdout:
        if line == "now\n":
            break
    http.stop()


def the_run(api, name):
    (flow_id,) = [each["id"] for each in api.flows.values() if each["name"] == name]
    (run,) = [run for run in api.flow_runs.values() if run["flow_id"] == flow_id]
    return run


def ids_are_unique(things):
    ids = [each["id"] for each in things]
    return len(ids) == len(set(ids))


@pytest.mark.parametrize(("ending", "state"), [("return 1", "Completed"), ("raise ValueError('no')", "Failed")])
def test_keeps_the_end_of_a_run_for_the_next_program(program, http, ending, state):
    process = program(UNLUCKY.format(ending=ending), ORCHESTRATOR_CONNECT_SECONDS="1")
    take_the_server_away(http, process)
    _, said = process.communicate("\n")
    assert process.returncode == 0, said
    assert "kept in" in said
    (kept,) = summaries()
    assert [end.state["name"] for end in kept.ends] == [state]

    http.start()
    next_one = program(LUCKY, ORCHESTRATOR_DRAIN_SECONDS="20")
    assert next_one.wait(30) == 0

    api = http.api
    run = the_run(api, "unlucky")
    assert api.state_names(run["id"]) == ["Pending", "Running", state]
    assert "It ended at 20" in run["state"]["message"]
    assert api.task_states("step").count("Completed") == 5
    assert sum(message.startswith("Finished in state") for message in api.messages()) >= 6
    assert ids_are_unique(api.events)
    assert ids_are_unique(api.logs)
    assert list(journal_directory().glob("*/*")) == []


def test_loses_nothing_when_the_program_is_killed_while_it_waits(program, http):
    process = program(UNLUCKY.format(ending="return 1"), ORCHESTRATOR_DRAIN_SECONDS="60")
    take_the_server_away(http, process)
    process.stdin.write("\n")
    process.stdin.flush()
    eventually(lambda: any(summary.ends for summary in summaries()))
    process.send_signal(signal.SIGKILL)
    process.wait()

    http.start()
    assert program(LUCKY, ORCHESTRATOR_DRAIN_SECONDS="20").wait(30) == 0

    run = the_run(http.api, "unlucky")
    assert http.api.state_names(run["id"]) == ["Pending", "Running", "Completed"]
    assert http.api.task_states("step").count("Completed") == 5


def test_tells_it_itself_when_the_server_comes_back_in_time(program, http):
    process = program(UNLUCKY.format(ending="return 1"), ORCHESTRATOR_DRAIN_SECONDS="60")
    take_the_server_away(http, process)
    process.stdin.write("\n")
    process.stdin.flush()
    eventually(lambda: any(summary.ends for summary in summaries()))
    assert list(take_left_behind(http.url)) == []

    http.start()
    assert process.wait(30) == 0

    api = http.api
    run = the_run(api, "unlucky")
    assert api.state_names(run["id"]) == ["Pending", "Running", "Completed"]
    assert run["state"]["message"] is None
    assert api.task_states("step") == ["Pending", "Running", "Completed"] * 5
    assert ids_are_unique(api.events)
    assert ids_are_unique(api.logs)
    assert list(journal_directory().glob("*/*")) == []


def leave_behind(http):
    """A run that executed, and whose end is in the journal of a process that is gone."""
    run = http.api.add_pending_run()
    http.api._write(run, {"type": "RUNNING", "name": "Running"})
    journal = Journal(http.url)
    journal.keep(Batch("/logs/", [b'{"id": "a-log", "message": "said before the end"}']))
    journal.keep(
        End(
            id="the-transition",
            flow_run_id=run["id"],
            state={
                "type": "COMPLETED",
                "name": "Completed",
                "message": None,
                "state_details": {"transition_id": "the-transition"},
            },
            force=False,
            at="2026-01-02T03:04:05.678000Z",
            seen_state_id=run["state"]["id"],
        )
    )
    os.close(journal._descriptor)
    return run


def send_now(http):
    client = current_client()
    (journal,) = take_left_behind(http.url)
    return send_left_behind(client, journal, patience_seconds=1, wait=time.sleep)


def test_does_not_end_a_run_that_was_begun_again(http):
    run = leave_behind(http)
    for kind in ("SCHEDULED", "RUNNING"):
        http.api._write(run, {"type": kind, "name": kind.title()})

    (problem,) = send_now(http)

    assert "begun again" in problem
    assert http.api.state_names(run["id"])[-1] == "Running"
    assert list(take_left_behind(http.url)) == []


def test_mends_a_run_that_was_taken_for_dead(http):
    run = leave_behind(http)
    http.api._write(run, {"type": "CRASHED", "name": "Crashed"})

    assert send_now(http) == []
    assert http.api.state_names(run["id"])[-2:] == ["Crashed", "Completed"]


def test_ends_a_run_as_cancelled_that_was_to_be_cancelled(http):
    run = leave_behind(http)
    http.api._write(run, {"type": "CANCELLING", "name": "Cancelling"})

    assert send_now(http) == []
    assert http.api.state_names(run["id"])[-1] == "Cancelled"


def test_keeps_another_end_that_the_run_has(http):
    run = leave_behind(http)
    http.api._write(run, {"type": "FAILED", "name": "Failed"})

    (problem,) = send_now(http)

    assert "holds Failed already" in problem
    assert http.api.state_names(run["id"])[-1] == "Failed"


def test_tells_nothing_twice(http):
    run = leave_behind(http)
    (file,) = journal_directory().glob("*/*")
    copy = file.read_bytes()
    assert send_now(http) == []
    file.write_bytes(copy)  # as when the process that sent it died before it could remove it

    assert send_now(http) == []

    assert http.api.state_names(run["id"]) == ["Pending", "Running", "Completed"]
    assert http.api.messages() == ["said before the end"]


def test_gives_up_a_run_that_is_gone(http):
    run = leave_behind(http)
    del http.api.flow_runs[run["id"]]
    http.api.handle = answering_404_to(http.api, run["id"])

    (problem,) = send_now(http)

    assert problem == f"flow run {run['id']} ended as Completed: the server does not know the run any more"


def answering_404_to(api, words):
    answer = api.handle
    return lambda request: Response(404, b"{}") if words in request.path else answer(request)


def test_keeps_everything_when_the_key_is_wrong(http, monkeypatch):
    leave_behind(http)
    monkeypatch.setattr(http.api, "handle", lambda request: Response(401, b"{}"))

    with pytest.raises(ApiError, match="401"):
        send_now(http)

    assert len(summaries()) == 1


def test_says_what_is_lost_where_nothing_can_be_kept(program, http):
    process = program(UNLUCKY.format(ending="return 1"), ORCHESTRATOR_JOURNAL_MEGABYTES="0")
    take_the_server_away(http, process)
    _, said = process.communicate("\n")

    assert "they are lost, because the journal cannot be written: it is switched off" in said
    assert "The server did not learn that the run ended" in said
