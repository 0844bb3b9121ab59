"""What the worker does about runs that do not end when they should. The processes are real in test_cancelling.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.sdk.errors import ServerUnreachable
from orchestrator.worker import ending, warden
from orchestrator.worker.ending import DEFAULT_GRACE_SECONDS, ENGINE_SECONDS, Ending, grace_seconds_of
from orchestrator.worker.settings import worker_settings
from orchestrator.worker.warden import GONE_SECONDS, Warden


class Api:
    """Answers from memory."""

    def __init__(self):
        self.held = []
        self.deployment = {}
        self.down = False

    def ask(self, method, path, body=None, **options):
        if self.down:
            raise ServerUnreachable("down")
        if path.endswith("/claims/held"):
            return self.held
        assert path == "/claims/claim"
        facts = {"id": "claim", "attempt": 1, "max_attempts": 3, "lease_seconds": 30.0, "flow": {}}
        return {**facts, "flow_run": {"id": "run", "job_variables": {}}, "deployment": self.deployment}


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 1000.0

        def monotonic(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(warden.time, "monotonic", clock.monotonic)
    monkeypatch.setattr(ending.time, "monotonic", clock.monotonic)
    return clock


@pytest.fixture
def ended(monkeypatch):
    """The endings that were begun."""
    found = []

    class Thread:
        def __init__(self, target, args, **_):
            self.start = lambda: found.append(args[1])

    monkeypatch.setattr(warden.threading, "Thread", Thread)
    return found


@pytest.fixture
def api():
    return Api()


@pytest.fixture
def looks(api, tmp_path):
    settings = worker_settings(pool="p", name="w", environ={"ORCHESTRATOR_HOME": str(tmp_path)})
    return Warden(api, settings).look


def held(state_type="CANCELLING"):
    return {"id": "claim", "flow_run_id": "run", "process_id": 7, "state_type": state_type}


RUNNING = [("run", 7)]


def test_leaves_alone_what_is_not_to_end(api, looks, clock, ended):
    api.held = [held("RUNNING")]
    looks(RUNNING)
    clock.now += 1000

    looks(RUNNING)

    assert ended == []


def test_gives_a_cancelled_run_its_time_and_then_ends_it_once(api, looks, clock, ended):
    api.held = [held()]
    looks(RUNNING)
    clock.now += DEFAULT_GRACE_SECONDS - 1
    looks(RUNNING)
    assert ended == []
    clock.now += 2

    looks(RUNNING)
    looks(RUNNING)

    assert [(one.flow_run_id, one.process_id, one.claim_id) for one in ended] == [("run", 7, "claim")]


def test_takes_the_time_from_the_job_variables(api, looks, clock, ended):
    api.held, api.deployment = [held()], {"job_variables": {"cancel_grace_seconds": 2}}
    looks(RUNNING)
    clock.now += 2

    looks(RUNNING)

    assert ended[0].grace_seconds == 2


def test_gives_prefects_engine_the_time_to_end_by_its_own_rules(api, looks, clock, ended):
    api.held, api.deployment = [held()], {"job_variables": {"cancel_grace_seconds": 2, "engine": "prefect"}}
    looks(RUNNING)
    clock.now += ENGINE_SECONDS
    looks(RUNNING)
    assert ended == []
    clock.now += 2

    looks(RUNNING)

    assert len(ended) == 1


def test_recognises_what_is_written_for_prefect_by_its_imports(api, looks, clock, ended, tmp_path):
    (tmp_path / "flow.py").write_text("from prefect import flow\n")
    api.held = [held()]
    api.deployment = {
        "job_variables": {"cancel_grace_seconds": 2},
        "path": str(tmp_path),
        "entrypoint": "flow.py:main",
        "pull_steps": None,
    }
    looks(RUNNING)
    clock.now += ENGINE_SECONDS

    looks(RUNNING)

    assert ended == []


def test_leaves_a_process_alone_that_has_another_run_by_now(monkeypatch, api, tmp_path):
    ended = []
    monkeypatch.setattr(warden, "end_run", lambda client, ending: ended.append(ending))
    monkeypatch.setattr(warden, "_running", lambda: [("next run", 7), ("other", 8)])
    settings = worker_settings(pool="p", name="w", environ={"ORCHESTRATOR_HOME": str(tmp_path)})
    endings = [Ending.of_lost_run(settings, flow_run_id=run, process_id=pid) for run, pid in [("run", 7), ("other", 8)]]

    for each in endings:
        warden._end(api, each)

    assert ended == endings[1:]


def test_forgets_a_run_that_ended_by_itself(api, looks, clock, ended):
    api.held = [held()]
    looks(RUNNING)
    looks([])
    clock.now += 1000

    looks(RUNNING)

    assert ended == []


def test_goes_on_while_the_server_is_away(api, looks, clock, ended):
    api.held = [held()]
    looks(RUNNING)
    api.down = True
    clock.now += DEFAULT_GRACE_SECONDS

    looks(RUNNING)

    assert len(ended) == 1


def test_ends_what_goes_on_long_after_its_claim_ended(looks, clock, ended):
    looks(RUNNING)
    clock.now += GONE_SECONDS
    looks(RUNNING)
    assert ended == []
    clock.now += 1

    looks(RUNNING)

    assert [one.claim_id for one in ended] == [None]


def test_takes_nothing_for_gone_while_the_server_is_away(api, looks, clock, ended):
    api.down = True
    looks(RUNNING)
    clock.now += 10 * GONE_SECONDS

    looks(RUNNING)

    assert ended == []


@pytest.mark.parametrize(
    ("variable", "setting", "seconds"),
    [
        (5, None, 5.0),
        ("2.5", None, 2.5),
        (0, None, 0.0),
        (None, "7", 7.0),
        ("soon", "7", 7.0),  # a slip is passed over
        (-1, None, DEFAULT_GRACE_SECONDS),
        (1e9, None, DEFAULT_GRACE_SECONDS),
        (None, "soon", DEFAULT_GRACE_SECONDS),
    ],
)
def test_reads_the_time_that_a_run_gets(monkeypatch, variable, setting, seconds):
    monkeypatch.delenv("ORCHESTRATOR_CANCEL_GRACE_SECONDS", raising=False)
    if setting is not None:
        monkeypatch.setenv("ORCHESTRATOR_CANCEL_GRACE_SECONDS", setting)

    assert grace_seconds_of({"cancel_grace_seconds": variable}) == seconds


def test_ends_a_run_all_the_same_when_the_server_says_nothing_about_it(api, tmp_path):
    api.down = True
    settings = worker_settings(pool="p", name="w", environ={"ORCHESTRATOR_HOME": str(Path(tmp_path))})

    made = Ending.of_cancelled_run(api, settings, held(), process_id=7)

    assert made.grace_seconds == DEFAULT_GRACE_SECONDS
