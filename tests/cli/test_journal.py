"""`orchestrator journal …`"""

from __future__ import annotations

import json
import os

import pytest

from orchestrator.sdk.recording.journal import Journal
from orchestrator.sdk.recording.journal_files import journal_directory, summaries
from orchestrator.sdk.recording.journal_lines import Batch, End

OTHER = "http://other.test/api"


@pytest.fixture
def left(home):
    """Puts something into a journal whose process is gone."""

    def leave(address, *entries):
        journal = Journal(address)
        for entry in entries:
            assert journal.keep(entry)
        os.close(journal._descriptor)
        return journal.file

    return leave


def log(server, run, number=1):
    body = {"name": "test", "level": 20, "message": f"said {number}", "timestamp": "2026-01-02T03:04:05Z"}
    return Batch("/logs/", [json.dumps({**body, "flow_run_id": run["id"]}).encode()])


def end(run, name="Completed"):
    details = {"transition_id": "01a1fdcb-519d-7787-9fdf-9c763f79ba58"}
    state = {"type": name.upper(), "name": name, "message": None, "data": None, "state_details": details}
    return End(details["transition_id"], run["id"], state, False, "2026-01-02T03:04:05.000000Z", run["state_id"])


@pytest.fixture
def run(made):
    run = made.run(made.deployment("journal", "d"), becomes="RUNNING")
    return made.ask("GET", f"/flow_runs/{run['id']}")


def test_sends_what_is_kept(cli, server, left, run):
    left(f"{server.url}/api", log(server, run), end(run))

    assert "Sent what 1 program had left." in cli("journal", "send").stdout

    told = server.flow_run(run["id"])
    assert told["state_name"] == "Completed"
    assert "2026-01-02 03:04:05 UTC" in told["state"]["message"]
    assert "said 1" in server.logs(run["id"])
    assert summaries() == []
    assert "Nothing to send." in cli("journal", "send").stdout


def test_lists_what_is_kept(command, left):
    assert "Nothing is kept" in command("journal", "ls").stderr
    left(OTHER, Batch("/events", [b"{}"] * 3), Batch("/logs/", [b"{}"]), end({"id": "run", "state_id": None}))

    (row,) = json.loads(command("journal", "ls", "-o", "json").stdout)

    assert (row["server"], row["events"], row["logs"], row["alive"]) == (OTHER, 3, 1, False)
    assert [(each["flow_run_id"], each["state"]) for each in row["ends"]] == [("run", "Completed")]


def test_leaves_what_is_for_another_server(cli, left):
    file = left(OTHER, Batch("/logs/", [b"{}"]))

    said = cli("journal", "send")

    assert f"kept for {OTHER}" in said.stderr
    assert file.exists()


def test_keeps_all_of_it_when_nobody_answers(command, left, monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_API_URL", "http://127.0.0.1:9/api")
    monkeypatch.setenv("ORCHESTRATOR_CONNECT_SECONDS", "0.1")
    file = left("http://127.0.0.1:9/api", Batch("/logs/", [b"{}"]))

    assert command("journal", "send").exit_code == 4
    assert file.exists()


def test_says_what_the_server_does_not_take(cli, server, left, run, made):
    made.ask("POST", f"/flow_runs/{run['id']}/set_state", {"state": {"type": "FAILED"}, "force": True})
    left(f"{server.url}/api", end(run))

    said = cli("journal", "send", expect=1)

    assert "holds Failed already" in said.stderr
    assert server.flow_run(run["id"])["state_name"] == "Failed"
    assert list(journal_directory().glob("*/*")) == []
