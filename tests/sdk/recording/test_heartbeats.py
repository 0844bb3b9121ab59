"""What a run that no worker looks after tells of its process."""

from __future__ import annotations

import os
import threading
import time

import pytest

from orchestrator import flow, task
from orchestrator.contract.events import HEARTBEAT
from orchestrator.sdk.flows.claimed_runs import run_claimed_flow
from orchestrator.sdk.recording import heartbeats
from tests.waiting import eventually


@pytest.fixture(autouse=True)
def quickly(monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_HEARTBEAT_SECONDS", "0.05")


def beats(api):
    return [event for event in api.events if event["event"] == HEARTBEAT]


def test_tells_again_and_again_that_it_lives(api):
    @flow
    def slow():
        eventually(lambda: len(beats(api)) >= 3)

    slow()

    first = beats(api)[0]
    assert first["resource"]["prefect.resource.id"] == f"prefect.flow-run.{api.the_run()['id']}"
    assert first["payload"]["interval_seconds"] == 0.05
    assert first["payload"]["process_id"] == os.getpid()


def test_stops_with_the_run(api):
    @flow
    def slow():
        eventually(lambda: beats(api))

    slow()

    eventually(lambda: not any(each.name == "orchestrator-heartbeat" for each in threading.enumerate()))


def test_tells_it_during_a_long_task(api):
    @task
    def long():
        eventually(lambda: len(beats(api)) >= 3)

    @flow
    def main():
        long()

    main()


def test_tells_nothing_for_a_quick_run(api, monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_HEARTBEAT_SECONDS", "20")

    @flow
    def quick():
        pass

    quick()

    assert beats(api) == []


def test_can_be_told_not_to(api, monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_HEARTBEAT_SECONDS", "0")

    @flow
    def slow():
        time.sleep(0.2)

    slow()

    assert beats(api) == []


def test_leaves_it_to_the_claim_of_a_worker(api):
    @flow
    def slow():
        time.sleep(0.2)

    run_claimed_flow(slow, flow_run=api.add_pending_run(), client=api.client(), claim_id="claim")

    assert beats(api) == []


def test_tells_it_of_a_run_that_was_handed_to_it_without_a_claim(api):
    @flow
    def slow():
        eventually(lambda: beats(api))

    assert run_claimed_flow(slow, flow_run=api.add_pending_run(), client=api.client()).is_completed()


def test_speaks_for_its_subflows_too(api):
    @flow
    def inner():
        eventually(lambda: len(beats(api)) >= 2)

    @flow
    def outer():
        inner()

    outer()

    assert len({event["resource"]["prefect.resource.id"] for event in beats(api)}) == 1


def test_comes_back_soon_after_the_server_was_away(api, monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_HEARTBEAT_SECONDS", "20")
    monkeypatch.setattr(heartbeats, "_FIRST_AFTER_SECONDS", 0.05)
    monkeypatch.setattr(heartbeats, "_AGAIN_AFTER_SECONDS", 0.05)

    in_vain = []
    handle = api.handle

    def noting(request):
        if api.down:
            in_vain.append(request)
        return handle(request)

    monkeypatch.setattr(api, "handle", noting)

    @flow
    def slow():
        api.down = True
        eventually(lambda: len(in_vain) >= 2)
        api.down = False
        eventually(lambda: beats(api))

    slow()
