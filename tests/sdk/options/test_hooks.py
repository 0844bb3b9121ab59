"""What is called when a flow run has come to something."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

import pytest

from orchestrator import Cancelled, flow, get_run_logger, task
from orchestrator.sdk.api.client import use_client
from orchestrator.sdk.errors import ClaimLost, RunCancelled
from orchestrator.sdk.flows.claimed_runs import run_claimed_flow
from tests.sdk.stopping import stop_soon


def stopped(flow_, api, stop, *, after=0.2):
    run = api.add_pending_run()
    stop_soon(run, stop, after=after)
    return run, run_claimed_flow(flow_, flow_run=run, client=api.client())


def asleep():
    time.sleep(60)


def test_are_called_with_the_flow_the_run_and_its_state(api):
    seen = []
    sleeper = flow(on_cancellation=[lambda *arguments: seen.append(arguments)])(asleep)

    run, _ = stopped(sleeper, api, RunCancelled())

    ((called_flow, called_run, state),) = seen
    assert (called_flow, called_run.id, called_run.name) == (sleeper, run["id"], run["name"])
    assert state.is_cancelled()


def test_see_when_the_run_was_to_begin_began_and_ended(api):
    seen = []
    made = flow(on_running=[lambda *arguments: seen.append(arguments)], on_completion=[lambda *a: seen.append(a)])

    @made
    def short():
        return 1

    short()

    (_, begun, _), (_, ended, completed) = seen
    assert begun.end_time is None
    assert ended.end_time == completed.timestamp
    assert begun.expected_start_time <= begun.start_time == ended.start_time <= ended.end_time


def test_are_all_called_although_one_fails(api):
    seen = []

    def broken(*_):
        raise ValueError("no luck")

    sleeper = flow(on_cancellation=[broken, lambda *_: seen.append("second")])(asleep)

    _, state = stopped(sleeper, api, RunCancelled())

    assert seen == ["second"]
    assert state.is_cancelled()
    assert any("no luck" in message for message in api.messages())


def test_may_be_async(api):
    seen = []

    async def later(*_):
        await asyncio.sleep(0.01)
        seen.append("awaited")

    @flow(on_cancellation=[later])
    async def sleeper():
        await asyncio.sleep(30)

    stopped(sleeper, api, RunCancelled())

    assert seen == ["awaited"]


def test_are_left_to_whoever_owns_the_run_now(api):
    seen = []
    sleeper = flow(on_cancellation=[lambda *_: seen.append("called")])(asleep)

    stopped(sleeper, api, ClaimLost("gone"))

    assert seen == []


def test_are_not_called_when_the_run_ends_otherwise(api):
    seen = []

    @flow(on_cancellation=[lambda *_: seen.append("called")])
    def quick():
        pass

    quick()

    assert seen == []


def test_stay_with_a_copy_of_the_flow():
    hook = print

    assert flow(on_cancellation=[hook])(asleep).with_options(name="other").on_cancellation_hooks == [hook]


@pytest.mark.parametrize("given", [print, "print", [1], 3])
def test_are_refused_unless_they_are_a_list_of_functions(given):
    with pytest.raises(TypeError):
        flow(on_cancellation=given)(asleep)


def fine():
    return "fine"


def failing():
    raise ValueError("no luck")


def leaving():
    raise SystemExit(3)


KINDS = ["on_completion", "on_failure", "on_cancellation", "on_crashed", "on_running"]

# the flow's code -> which hooks are called, with which state
CALLED = [
    (fine, [("on_running", "Running"), ("on_completion", "Completed")]),
    (failing, [("on_running", "Running"), ("on_failure", "Failed")]),
    (leaving, [("on_running", "Running"), ("on_crashed", "Crashed")]),
    (lambda: Cancelled(message="enough"), [("on_running", "Running"), ("on_cancellation", "Cancelled")]),
]


@pytest.mark.parametrize("served", [True, False])
@pytest.mark.parametrize(("code", "expected"), CALLED)
def test_are_called_for_what_the_run_has_come_to(api, code, expected, served):
    seen = []
    hooks = {kind: [lambda _, run, state, kind=kind: seen.append((kind, state.name))] for kind in KINDS}

    with use_client(api.client() if served else None), suppress(SystemExit):
        flow(name="hooked", **hooks)(code)(return_state=True)

    assert seen == expected


def test_are_called_after_the_last_retry_alone(api):
    seen = []
    made = flow(failing, retries=1)
    made.on_failure(lambda *_: seen.append("failure"))
    made.on_running(lambda flow_, run, state: seen.append((run.run_count, state.name)))

    made(return_state=True)

    assert seen == [(1, "Running"), (2, "Retrying"), "failure"]


def test_are_called_for_arguments_that_are_refused(api):
    seen = []

    @flow
    def load(limit: int): ...

    @load.on_failure
    def noted(flow_, run, state):
        seen.append((run.parameters, state.message))

    load("many", return_state=True)

    ((parameters, message),) = seen
    assert parameters == {"limit": "many"}
    assert "int is expected" in message


def test_are_not_called_for_an_end_that_the_server_does_not_take(api):
    api.plan("Completed", {"status": "ABORT", "details": {"reason": "another worker has it"}})
    seen = []

    flow(fine, on_completion=[lambda *_: seen.append("called")])()

    assert seen == []


def test_are_stopped_with_the_run(api):
    def sleepy(*_):
        time.sleep(30)

    _, state = stopped(flow(fine, on_running=[sleepy]), api, RunCancelled())

    assert state.is_cancelled()
    assert api.state_names() == ["Pending", "Running", "Cancelled"]


def test_are_added_by_decorators():
    made = flow(fine)

    for kind in KINDS:
        assert getattr(made, kind)(print) is print
        assert getattr(made, f"{kind}_hooks") == [print]
        with pytest.raises(TypeError):
            getattr(made, kind)("print")


def test_belong_to_the_run(api):
    @task
    def tell(who):
        get_run_logger().info("told %s", who)

    made = flow(failing)

    @made.on_failure
    def noted(flow_, run, state):
        get_run_logger().info("noted %s %s", run.name, run.state_name)
        tell("Ada")
        tell.submit("Bob")

    made(return_state=True)

    messages = api.messages()
    assert f"noted {api.the_run()['name']} Failed" in messages
    assert {"told Ada", "told Bob"} <= set(messages)
    assert api.task_states("tell").count("Completed") == 2


@pytest.mark.parametrize("name", ["fine", "later"])
def test_never_change_the_state(api, name):
    async def later():
        return "fine"

    def broken(*_):
        raise ValueError("of the hook")

    made = flow({"fine": fine, "later": later}[name], on_completion=[broken], on_running=[broken])

    result = asyncio.run(made()) if made.is_async else made()

    assert result == "fine"
    assert any("of the hook" in message for message in api.messages())
    assert api.state_names() == ["Pending", "Running", "Completed"]


def test_are_called_although_the_server_does_not_learn_of_the_end(api, monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_DRAIN_SECONDS", "0")
    monkeypatch.setattr("orchestrator.sdk.flows.flow_endings._LEAST_PATIENCE_SECONDS", 0.0)
    seen = []

    @flow(on_completion=[lambda *_: seen.append("called")])
    def last():
        api.down = True

    last(return_state=True)
    api.down = False

    assert seen == ["called"]
