from __future__ import annotations

import asyncio
import pickle
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from orchestrator import (
    AwaitingConcurrencySlot,
    AwaitingRetry,
    Cancelled,
    CancelledRun,
    Cancelling,
    Completed,
    Crashed,
    CrashedRun,
    Failed,
    FailedRun,
    Late,
    MissingResult,
    Paused,
    PausedRun,
    Pending,
    Retrying,
    Running,
    Scheduled,
    State,
    StateDetails,
    StateError,
    StateType,
    Suspended,
    UnfinishedRun,
    flow,
    task,
)

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
    (Paused(), PausedRun),
    (Paused(), UnfinishedRun),
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


TIME = datetime(2030, 5, 1, 12, tzinfo=UTC)
MAKERS = [
    (Scheduled, "Scheduled"),
    (AwaitingRetry, "AwaitingRetry"),
    (AwaitingConcurrencySlot, "AwaitingConcurrencySlot"),
    (Late, "Late"),
    (Pending, "Pending"),
    (Running, "Running"),
    (Retrying, "Retrying"),
    (Completed, "Completed"),
    (Failed, "Failed"),
    (Crashed, "Crashed"),
    (Cancelling, "Cancelling"),
    (Cancelled, "Cancelled"),
    (Paused, "Paused"),
    (Suspended, "Suspended"),
]


@pytest.mark.parametrize(("make", "name"), MAKERS)
def test_is_made_with_what_authors_say_of_it(make, name):
    plain = make()
    said = make(message="m", name="Own", data=5, state_details={"cache_key": "k"})

    assert plain.name == name
    assert (said.message, said.name, said.outcome, said.state_details.cache_key) == ("m", "Own", 5, "k")


@pytest.mark.parametrize(("make", "name"), MAKERS)
def test_refuses_a_misspelt_option(make, name):
    with pytest.raises(TypeError, match="mesage"):
        make(mesage="m")
    with pytest.raises(StateError, match="'cache_key'"):
        make(state_details={"cache_kye": "k"})


def test_takes_its_type_as_text():
    assert State(type="FAILED").is_failed()
    assert State(type="COMPLETED", name="Fine").is_completed()
    assert State(type=StateType.RUNNING).name == "Running"


@pytest.mark.parametrize("wrong", ["failed", "Done", "", None, 3])
def test_refuses_a_type_that_there_is_not(wrong):
    with pytest.raises(StateError, match="COMPLETED"):
        State(type=wrong)


def test_takes_its_result_as_data():
    assert State(type="COMPLETED", data=5).result() == 5
    assert State(type="COMPLETED", data=5).to_wire()["data"] is None
    assert State(type="COMPLETED", data={"type": "a word"}).result() == {"type": "a word"}
    assert State(type="COMPLETED", data={"storage_key": "k"}).has_persisted_result


def test_keeps_what_the_server_said_of_a_result_that_was_not_stored():
    state = State.from_wire({"type": "COMPLETED", "data": {"type": "unpersisted"}})

    with pytest.raises(MissingResult):
        state.with_(message="m").result()


def test_takes_details_with_times_and_ids():
    run_id = uuid4()
    state = State(type="SCHEDULED", state_details={"scheduled_time": TIME, "flow_run_id": run_id})

    assert state.to_wire()["state_details"]["scheduled_time"] == "2030-05-01T12:00:00.000000Z"
    assert (state.state_details.scheduled_time, state.state_details.flow_run_id) == (TIME, str(run_id))
    assert Running(state_details=StateDetails(cache_key="k")).state_details.cache_key == "k"


@pytest.mark.parametrize("wrong", [5, {"scheduled_time": "soon"}])
def test_refuses_details_that_are_none(wrong):
    with pytest.raises(StateError):
        State(type="SCHEDULED", state_details=wrong)


def test_knows_until_when_it_is_paused():
    assert Paused(pause_expiration_time=TIME, pause_key="k").pause_timeout == TIME
    assert Suspended(timeout_seconds=5).state_details.pause_reschedule is True
    with pytest.raises(StateError, match="not several"):
        Paused(timeout_seconds=5, pause_expiration_time=TIME)
    with pytest.raises(StateError, match="once"):
        Late(scheduled_time=TIME, state_details={"scheduled_time": TIME})


def test_can_be_pickled_and_put_into_a_set():
    state = Failed(data=ValueError("no"))
    again = pickle.loads(pickle.dumps(state))

    assert again == state
    assert len({state, again}) == 1
    assert again.with_(message="m").outcome is again.outcome


# State.result in sync and in async code


def test_gives_its_result_to_async_code_that_awaits_it():
    async def script():
        state, failed = Completed(data=5), Failed(data=KeyError("k"))

        assert await state.result() == 5
        assert [await each.result() for each in (state, state)] == [5, 5]
        assert await asyncio.gather(*(each.result() for each in (state, state))) == [5, 5]
        assert isinstance(await failed.result(raise_on_failure=False), KeyError)
        with pytest.raises(KeyError):
            await failed.result()

    asyncio.run(script())


def test_gives_its_result_at_once_to_sync_code_beneath_async_code():
    async def script():
        def condition(state):
            return state.result(fetch=True, retry_result_failure=False)

        assert condition(Completed(data=5)) == 5

    asyncio.run(script())


def test_gives_its_result_at_once_to_the_event_loop_of_a_sync_run():
    async def asks(state):
        return state.result(), await state.result()

    assert flow(lambda: asyncio.run(asks(Completed(data=5))))() == (5, 5)


def test_gives_results_inside_runs():
    @task
    async def anumber():
        return 1

    @task
    def number():
        return 2

    @flow
    async def asks():
        one, two = await anumber(return_state=True), number(return_state=True)
        return await one.result(), await two.result(), await one.aresult(), number(), await anumber()

    assert asyncio.run(asks()) == (1, 2, 1, 2, 1)


def test_is_copied_with_changes_and_an_id_of_its_own():
    state = Completed(message="well", data=5)

    renamed = state.model_copy(update={"name": "Skipped"})
    other = state.copy(update={"type": "CANCELLED", "message": "enough"})

    assert (renamed.name, renamed.type, renamed.message, renamed.outcome) == ("Skipped", state.type, "well", 5)
    assert (other.name, other.is_cancelled(), other.message) == ("Cancelled", True, "enough")
    assert len({state.id, renamed.id, other.id}) == 3
    with pytest.raises(TypeError, match="nme"):
        state.copy(update={"nme": "x"})
