"""The two clients of one server."""

from __future__ import annotations

import asyncio
import inspect
from uuid import uuid4

import pytest

from orchestrator import (
    FilterError,
    MissingContext,
    ObjectNotFound,
    OrchestratorClient,
    SyncOrchestratorClient,
    flow,
    get_client,
    task,
)
from orchestrator.sdk.api.client import Client, use_client
from orchestrator.sdk.api.transport import Response
from orchestrator.sdk.server_client.blocking import calls


@flow
def hello() -> str:
    return "hello"


def test_awaits_what_the_other_blocks_for(http):
    async def main():
        async with get_client() as client:
            run = await client.create_flow_run(hello, name="mine")
            return run, await asyncio.gather(*(client.read_flow_run(run.id) for _ in range(20)))

    run, read = asyncio.run(main())

    assert {each.id for each in read} == {run.id}
    assert http.connections <= 8
    with get_client(sync_client=True) as client:
        assert client.read_flow_run(str(run.id)).name == "mine"
        assert client.api_url == http.url


def test_can_be_used_again_after_it_was_left(http):
    async def main():
        client = get_client()
        async with client:
            run = await client.create_flow_run(hello)
        async with client:
            return (await client.read_flow_run(run.id)).id == run.id

    assert asyncio.run(main())


def test_raises_where_it_is_awaited():
    class Nothing:
        address = "nowhere"

        def handle(self, request):
            return Response(404, b'{"detail": "not here"}')

    async def main():
        async with get_client() as client:
            await client.read_flow_run(uuid4())

    with use_client(Client(Nothing())), pytest.raises(ObjectNotFound, match="not here"):
        asyncio.run(main())


def test_asks_no_further_once_nobody_waits():
    asked = []

    class Away:
        address = "nowhere"

        def handle(self, request):
            asked.append(request.path)
            raise ConnectionRefusedError

    async def main():
        async with get_client() as client:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.read_flow_run(uuid4()), 0.05)

    with use_client(Client(Away())):
        asyncio.run(main())  # it would wait for the thread, which would ask for 15 seconds

    assert len(asked) <= 2


def test_works_inside_a_task(api):
    @task
    def name_of_the_run(run_id):
        with get_client(sync_client=True) as client:
            return client.read_flow_run(run_id).name

    @flow(flow_run_name="looked-up")
    def outer():
        from orchestrator import runtime

        return name_of_the_run(runtime.flow_run.id)

    assert outer() == "looked-up"


def test_answers_to_the_names_that_scripts_annotate_with():
    from orchestrator import PrefectClient, SyncPrefectClient

    assert (PrefectClient, SyncPrefectClient) == (OrchestratorClient, SyncOrchestratorClient)


def test_needs_a_server():
    with pytest.raises(MissingContext, match="set ORCHESTRATOR_API_URL"):
        get_client()


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda client: client.read_flow_run("nonsense"), "'nonsense' is no id"),
        (lambda client: client.read_work_pool(""), "is no name"),
        (lambda client: client.read_deployment_by_name("daily"), "'daily' names no deployment"),
        (lambda client: client.read_flow_runs(flow_run_filter={"stat": {}}), "did you mean 'state'"),
        (lambda client: client.read_events_page("http://elsewhere/"), "is no page of events"),
        (lambda client: client.update_deployment(uuid4(), {"pausd": True}), "did you mean 'paused'"),
    ],
)
def test_says_what_cannot_be_sent(api, call, told):
    with pytest.raises(FilterError, match=told), get_client(sync_client=True) as client:
        call(client)

    assert api.requests == []


@pytest.mark.parametrize("name", sorted(calls()))
def test_explains_every_method_and_its_arguments(name):
    blocking, awaited = getattr(SyncOrchestratorClient, name), getattr(OrchestratorClient, name)

    assert len(inspect.getdoc(blocking).split()) >= 2
    assert inspect.iscoroutinefunction(awaited)
    assert inspect.signature(awaited) == inspect.signature(blocking)
