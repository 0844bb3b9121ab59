"""Flow runs that are tried again."""

from __future__ import annotations

import asyncio
import time

import pytest

from orchestrator import (
    flow,
)
from orchestrator.sdk.api.client import use_client


def test_tries_again_when_the_server_says_so(api):
    tries = []

    @flow(retries=2, retry_delay_seconds=0.05)
    def flaky():
        tries.append(1)
        if len(tries) < 3:
            raise RuntimeError("not yet")
        return "done"

    assert flaky() == "done"

    names = api.state_names()
    assert names == ["Pending", "Running", "AwaitingRetry", "Retrying", "AwaitingRetry", "Retrying", "Completed"]
    assert api.the_run()["run_count"] == 3


@pytest.mark.parametrize("served", [True, False])
def test_waits_the_whole_delay_before_a_retry(api, served):
    began = []

    @flow(retries=1, retry_delay_seconds=0.4)
    def flaky():
        began.append(time.monotonic())
        if len(began) == 1:
            raise ValueError("first")

    with use_client(api.client() if served else None):
        flaky()

    assert began[1] - began[0] >= 0.4


def test_tries_again_without_a_server():
    tries = []

    @flow(retries=1, retry_delay_seconds=0.1)
    def flaky():
        tries.append(time.monotonic())
        if len(tries) == 1:
            raise RuntimeError("not yet")
        return "done"

    assert flaky() == "done"
    assert tries[1] - tries[0] >= 0.1


def test_fails_when_the_retries_are_used_up():
    tries = []

    @flow(retries=1)
    def hopeless():
        tries.append(1)
        raise RuntimeError("never")

    with pytest.raises(RuntimeError, match="never"):
        hopeless()
    assert len(tries) == 2


def test_tries_an_async_flow_again(api):
    tries = []

    @flow(retries=1)
    async def flaky():
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("once")
        return "ok"

    assert asyncio.run(flaky()) == "ok"
    assert api.state_names()[2:] == ["AwaitingRetry", "Retrying", "Completed"]
