from __future__ import annotations

import pytest

from orchestrator import (
    AwaitingRetry,
    Cancelled,
    CancelledRun,
    Completed,
    Crashed,
    CrashedRun,
    Failed,
    FailedRun,
    MissingResult,
    Paused,
    Pending,
    Retrying,
    Running,
    Scheduled,
    State,
    UnfinishedRun,
)
from orchestrator.contract.states import StateType

# state -> how it is shown
SHOWN = [
    (Completed(), "Completed()"),
    (Failed(message="no"), "Failed('no')"),
    (Completed(name="AllGood"), "AllGood(type=COMPLETED)"),
    (Retrying(), "Retrying(type=RUNNING)"),
]


@pytest.mark.parametrize(("state", "shown"), SHOWN)
def test_shows_itself_shortly(state, shown):
    assert str(state) == shown


# state -> its type, the question that it answers with yes
TYPES = [
    (Scheduled(), StateType.SCHEDULED, "is_scheduled"),
    (AwaitingRetry(), StateType.SCHEDULED, "is_scheduled"),
    (Pending(), StateType.PENDING, "is_pending"),
    (Running(), StateType.RUNNING, "is_running"),
    (Paused(timeout_seconds=5), StateType.PAUSED, "is_paused"),
    (Completed(), StateType.COMPLETED, "is_completed"),
    (Failed(), StateType.FAILED, "is_failed"),
    (Crashed(), StateType.CRASHED, "is_crashed"),
    (Cancelled(), StateType.CANCELLED, "is_cancelled"),
]


@pytest.mark.parametrize(("state", "kind", "question"), TYPES)
def test_knows_what_it_is(state, kind, question):
    answers = [name for name in dir(state) if name.startswith("is_") and name not in ("is_final", "is_terminal")]

    assert state.type is kind
    assert [name for name in answers if getattr(state, name)()] == [question]


# state -> what its result raises
RAISED = [
    (Failed(message="m"), FailedRun),
    (Crashed(), CrashedRun),
    (Cancelled(), CancelledRun),
    (Running(), UnfinishedRun),
    (Failed(data=KeyError("k")), KeyError),
    # of several states the first bad one says what went wrong
    (Failed(data=[Completed(), Failed(data=KeyError("k"))]), KeyError),
    (State.from_wire({"type": "COMPLETED"}), MissingResult),
]


@pytest.mark.parametrize(("state", "error"), RAISED)
def test_raises_instead_of_a_result_it_does_not_have(state, error):
    with pytest.raises(error):
        state.result()


def test_gives_its_result():
    assert Completed(data=None).result() is None
    assert Completed(data=5).result() == 5
    assert isinstance(Failed(message="m").result(raise_on_failure=False), FailedRun)


def test_keeps_its_result_to_itself():
    assert Completed(data=object()).to_wire()["data"] is None


def test_has_every_detail():
    details = Running().with_details(flow_run_id="x").state_details

    assert (details.flow_run_id, details.cache_key, details.deferred) == ("x", None, False)
