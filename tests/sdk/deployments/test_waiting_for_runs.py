from __future__ import annotations

import asyncio
import logging
import threading

import pytest

from orchestrator import MissingContext, WaitTimeout, get_client, wait_for_flow_run
from orchestrator.sdk.api.client import use_client
from orchestrator.sdk.errors import ObjectNotFound


@pytest.fixture
def run(api):
    return api.add_pending_run(name="other")


def test_gives_the_run_when_it_has_ended(api, run, caplog):
    threading.Timer(0.05, lambda: api._write(run, {"type": "COMPLETED", "name": "Completed"})).start()

    with caplog.at_level(logging.INFO):
        found = wait_for_flow_run(run["id"], poll_interval=0.05, log_states=True)

    assert found.state.is_completed()
    said = [record.getMessage() for record in caplog.records if "other" in record.getMessage()]
    assert "is Pending" in said[0]
    assert "is Completed" in said[-1]


def test_is_awaited_in_async_code(api, run):
    api._write(run, {"type": "FAILED", "name": "Failed"})

    async def main():
        return await wait_for_flow_run(flow_run_id=run["id"])

    assert asyncio.run(main()).state.is_failed()


def test_says_when_the_time_is_over(api, run):
    with pytest.raises(WaitTimeout, match=r"'other' has not ended within 0\.02 seconds; it is Pending"):
        wait_for_flow_run(run["id"], timeout=0.02)


def test_refuses_what_is_no_run(api, monkeypatch):
    with pytest.raises(ValueError, match="a UUID is needed"):
        wait_for_flow_run("other")
    with pytest.raises(ValueError, match="poll_interval"):
        wait_for_flow_run("0198a7e2-7b1e-7000-8000-000000000000", poll_interval=0)


def test_asks_the_server_of_the_client_that_is_given(api, run):
    api._write(run, {"type": "COMPLETED", "name": "Completed"})
    clients = [get_client(), get_client(sync_client=True)]

    with use_client(None):
        found = [wait_for_flow_run(run["id"], client=client) for client in clients]

    assert [each.state.is_completed() for each in found] == [True, True]


def test_refuses_what_is_no_client(run):
    with pytest.raises(ValueError, match="client is 'mine'; one that get_client"):
        wait_for_flow_run(run["id"], client="mine")


def test_needs_a_server():
    with pytest.raises(MissingContext, match="wait_for_flow_run"):
        wait_for_flow_run("0198a7e2-7b1e-7000-8000-000000000000")


def test_says_that_there_is_no_such_run(db):
    from tests.in_process import in_process_client

    with use_client(in_process_client()), pytest.raises(ObjectNotFound):
        wait_for_flow_run("0198a7e2-7b1e-7000-8000-000000000000")
