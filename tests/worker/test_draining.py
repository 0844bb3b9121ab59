"""The patience of a worker that stops: one for all that it waits for."""

from __future__ import annotations

import pytest

from orchestrator.worker import draining
from orchestrator.worker.draining import Drain


class Clock:
    def __init__(self) -> None:
        self.at = 1000.0

    def monotonic(self) -> float:
        return self.at


@pytest.fixture
def clock(monkeypatch):
    """No timer fires here, and no signal is sent."""
    monkeypatch.setattr(draining, "time", clock := Clock())
    monkeypatch.setattr(draining.threading, "Timer", Timer)
    monkeypatch.setattr(draining.signals.worker_shutting_down, "receivers", [])
    return clock


class Timer:
    def __init__(self, seconds, function):
        self.daemon = False

    def start(self):
        pass


def drain(patience_seconds):
    return Drain(patience_seconds=patience_seconds, leaving=lambda: None)


def test_has_one_patience_for_all_that_is_waited_for(clock):
    ending = drain(30.0)
    before = ending.seconds_left()

    ending._shutting_down("SIGTERM", "Warm")
    clock.at += 12.0

    assert (before, ending.seconds_left()) == (30.0, 18.0)
    clock.at += 20.0
    assert ending.seconds_left() == 0.0


def test_loses_patience_too_when_nobody_told_it_to_stop(clock):
    ending = drain(30.0)

    first = ending.seconds_left()
    clock.at += 40.0

    assert (first, ending.seconds_left()) == (30.0, 0.0)


def test_waits_for_as_long_as_it_takes(clock):
    ending = drain(None)

    ending._shutting_down("SIGTERM", "Warm")

    assert ending.seconds_left() is None


@pytest.mark.parametrize("patience", [None, 30.0])
@pytest.mark.parametrize("second", [("SIGTERM", "Warm"), ("SIGQUIT", "Cold")])
def test_has_no_patience_left_when_it_is_told_again(clock, patience, second):
    ending = drain(patience)
    ending._shutting_down("SIGTERM", "Warm")

    ending._shutting_down(*second)

    assert ending.seconds_left() == 0.0
