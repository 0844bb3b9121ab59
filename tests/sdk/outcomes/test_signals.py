"""Signals: the state of a task run, raised."""

from __future__ import annotations

import pickle

import pytest

from orchestrator import flow, signals, task


def test_completes_with_a_result(api):
    @task
    def found():
        raise signals.SUCCESS("known already", result=7)

    @flow
    def outer():
        return found()

    assert outer() == 7
    assert api.task_states("found") == ["Pending", "Running", "Completed"]


def test_skips(api):
    @task
    def nothing():
        raise signals.SKIP("no rows")

    state = nothing(return_state=True)

    assert (state.name, state.message, state.is_completed()) == ("Skipped", "no rows", True)
    assert nothing() is None


def test_fails():
    @task
    def fails():
        raise signals.FAIL("no good")

    with pytest.raises(signals.FAIL, match="no good"):
        fails()


def test_tries_again_after_a_failure():
    tries = []

    @task(retries=1)
    def fails():
        tries.append(1)
        raise signals.FAIL

    state = fails(return_state=True)

    assert (len(tries), state.message) == (2, "The task raised FAIL.")


def test_travels_between_processes():
    signal = pickle.loads(pickle.dumps(signals.SUCCESS("known", result=7)))

    assert (str(signal), signal.result, signal.message) == ("known", 7, "known")
