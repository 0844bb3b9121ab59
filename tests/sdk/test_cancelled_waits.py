"""What an author awaited and then cancelled: nothing goes on in the background."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from orchestrator import apause_flow_run, arun_deployment, flow, receive_input, send_input, task
from orchestrator.sdk.run_input import messages


@task
def slow() -> None: ...


def threads() -> set[threading.Thread]:
    return {each for each in threading.enumerate() if each.name == "orchestrator-both-ways"}


def cancelled_when(is_waiting: Callable[[], bool], wait: Callable[[], Awaitable[Any]]) -> set[threading.Thread]:
    """Cancel what waits; returns the threads that it used."""
    used = set()

    @flow
    async def waits():
        before = threads()
        waiting = asyncio.ensure_future(wait())
        while not is_waiting() and not waiting.done():
            await asyncio.sleep(0.005)
        used.update(threads() - before)
        assert not waiting.done(), waiting.exception()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    asyncio.run(waits())
    for thread in used:
        thread.join(30)
    return used


@pytest.fixture
def looked(api):
    """Whether somebody has asked the server again and again."""

    def at(part: str) -> Callable[[], bool]:
        return lambda: sum(part in request.path for request in list(api.requests)) >= 2

    return at


def test_ends_waiting_for_a_resumption(api):
    used = cancelled_when(lambda: "Paused" in api.state_names(), apause_flow_run)

    assert used
    assert not any(thread.is_alive() for thread in used)


def test_is_running_again_when_the_author_does_not_wait_for_the_resumption(api):
    @flow
    async def impatient():
        waiting = asyncio.ensure_future(apause_flow_run())
        while api.state_names()[-1] != "Paused":
            await asyncio.sleep(0.005)
        waiting.cancel()
        while api.state_names()[-1] == "Paused":
            await asyncio.sleep(0.005)

    asyncio.run(asyncio.wait_for(impatient(), 30))

    assert api.state_names() == ["Pending", "Running", "Paused", "Running", "Completed"]


def test_ends_waiting_for_a_background_task(api):
    future = slow.delay()

    used = cancelled_when(lambda: bool(threads()), future.wait_async)

    assert used
    assert not any(thread.is_alive() for thread in used)


def test_ends_waiting_for_an_input(api, looked):
    received = receive_input(int, timeout=None, flow_run_id="x")

    used = cancelled_when(looked("input/filter"), received.anext)

    assert used
    assert not any(thread.is_alive() for thread in used)


def test_leaves_an_input_that_came_too_late_to_whoever_asks_next(api, monkeypatch):
    asked, let_go = threading.Event(), threading.Event()
    find = messages.find_inputs

    def find_late(*args: Any, **options: Any) -> list[dict[str, Any]]:
        found = find(*args, **options)
        if not asked.is_set():
            asked.set()
            let_go.wait(30)
        return found

    monkeypatch.setattr(messages, "find_inputs", find_late)
    got = []

    @flow
    async def listens():
        await send_input(5, api.the_run()["id"])
        received = receive_input(int, timeout=0)
        waiting = asyncio.ensure_future(received.anext())
        await asyncio.to_thread(asked.wait, 30)
        used = threads()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        let_go.set()
        for thread in used:
            await asyncio.to_thread(thread.join, 30)
        got.append(await received.anext())

    asyncio.run(listens())

    assert got == [5]


def test_gives_an_input_to_one_of_those_that_wait_at_once(api):
    @flow
    async def listens():
        run_id = api.the_run()["id"]
        await send_input(1, run_id)
        await send_input(2, run_id)
        received = receive_input(int, timeout=30)
        return sorted(await asyncio.gather(received.anext(), received.anext()))

    assert asyncio.run(listens()) == [1, 2]


def test_ends_waiting_for_a_deployment(api, monkeypatch):
    monkeypatch.setattr("orchestrator.sdk.deployments.run_deployment._tracked", lambda *args: ("t", None))
    api.flows["deployed"] = {"id": "f", "name": "deployed"}
    api._create_deployment({"name": "d", "flow_id": "f"})
    api._run_deployment = lambda body, identity: api._create_flow_run({**body, "deployment_id": identity})

    used = cancelled_when(lambda: len(api.flow_runs) == 2, lambda: arun_deployment("deployed/d", poll_interval=60))

    assert used
    assert not any(thread.is_alive() for thread in used)
