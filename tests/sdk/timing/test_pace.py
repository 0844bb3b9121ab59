from __future__ import annotations

import asyncio
import threading
import time
from itertools import islice

import pytest

from orchestrator.sdk.errors import RunAbandoned
from orchestrator.sdk.timing import pace


def in_context(call):
    """Outcome of the call in a thread of its own, whose context is nobody else's."""
    outcome: list = []

    def run():
        try:
            outcome.append(call())
        except BaseException as error:  # noqa: BLE001 - it is the outcome
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    return outcome[0]


def given_up():
    event = threading.Event()
    event.set()
    pace.until_given_up(event)


@pytest.mark.parametrize("let_pass", [pace.sleep, pace.pause])
def test_lets_time_pass(let_pass):
    before = time.monotonic()

    let_pass(0.01)
    let_pass(-1)

    assert time.monotonic() - before >= 0.01


def test_lets_no_time_pass_in_a_hurry():
    with pace.hurried():
        pace.sleep(3600)
        asyncio.run(pace.sleep_async(3600))

    assert not pace.is_hurried()


def test_ends_early_when_it_is_stopped():
    asked = iter([False, True])

    pace.sleep(3600, stopped=lambda: next(asked))


@pytest.mark.parametrize(
    "wait",
    [
        pace.go_on,
        lambda: pace.sleep(3600),
        lambda: pace.pause(3600),
        lambda: pace.sleep(0),
        lambda: pace.wait_for(threading.Event()),
    ],
)
def test_raises_when_nobody_waits_for_the_outcome(wait):
    def call():
        given_up()
        wait()

    assert isinstance(in_context(call), RunAbandoned)


def test_raises_in_a_hurry_too():
    def call():
        given_up()
        with pace.hurried():
            pace.sleep(3600)

    assert isinstance(in_context(call), RunAbandoned)


def test_raises_as_soon_as_it_is_given_up():
    event = threading.Event()
    threading.Timer(0.01, event.set).start()

    def call():
        pace.until_given_up(event)
        pace.sleep(3600)

    assert isinstance(in_context(call), RunAbandoned)


def test_waits_for_an_event():
    event = threading.Event()
    threading.Timer(0.01, event.set).start()

    assert pace.wait_for(event)
    assert pace.wait_for(event, 0)


def test_tells_that_an_event_did_not_come():
    assert not pace.wait_for(threading.Event(), 0.01)


def test_grows_up_to_the_most():
    assert [round(each, 3) for each in islice(pace.growing_intervals(0.3), 5)] == [0.1, 0.15, 0.225, 0.3, 0.3]


def test_never_looks_without_any_pause():
    assert next(pace.growing_intervals(0)) > 0
