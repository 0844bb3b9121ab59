from __future__ import annotations

import asyncio

import pytest

from orchestrator import (
    Cancelled,
    CancelledRun,
    Completed,
    Crashed,
    CrashedRun,
    Failed,
    FailedRun,
    Running,
    StateError,
    get_state_exception,
    get_state_result,
    raise_state_exception,
)

# a state that did not complete, the exception in it, its text
EXCEPTIONS = [
    (Failed(data=KeyError("k")), KeyError, "'k'"),
    (Failed(data="a text"), FailedRun, "a text"),
    (Failed(message="m"), FailedRun, "m"),
    (Failed(data=Crashed(message="inner")), CrashedRun, "inner"),
    (Failed(data=[Completed(), Cancelled(message="second")]), CancelledRun, "second"),
    (Failed(data={"neither": "nor"}), FailedRun, "Failed"),
    (Crashed(), CrashedRun, "Crashed"),
]


@pytest.mark.parametrize(("state", "kind", "text"), EXCEPTIONS)
def test_finds_what_ended_a_run(state, kind, text):
    found = get_state_exception(state)

    assert type(found) is kind
    assert text in str(found)
    with pytest.raises(kind):
        raise_state_exception(state)


@pytest.mark.parametrize("state", [Completed(), Running()])
def test_finds_nothing_in_other_states(state):
    assert raise_state_exception(state) is None
    with pytest.raises(StateError):
        get_state_exception(state)


def test_gives_the_states_of_several_runs_instead_of_raising_the_first():
    states = [Completed(), Failed(message="m")]

    assert Failed(data=states).result(raise_on_failure=False) is states


def test_serves_async_code():
    async def script():
        assert await get_state_result(Completed(data=5)) == 5
        assert isinstance(await get_state_result(Failed(), raise_on_failure=False), FailedRun)
        assert isinstance(await get_state_exception(Failed()), FailedRun)
        with pytest.raises(FailedRun):
            await raise_state_exception(Failed())
        assert await raise_state_exception(Completed()) is None

    asyncio.run(script())
