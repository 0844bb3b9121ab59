"""Many pages show the same run: what changed is told to all of them, and made once."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.test import Client

from orchestrator.live.page_socket import PageSocket
from orchestrator.pages import shared_parts
from orchestrator.pages.shared_parts import parts
from runs.models import FlowRun
from tests.events.making import an_event
from tests.factories import make_flow_run
from tests.live.socket_client import SocketClient
from tests.live.test_consumers import ingest_and_close

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("companions")]

SOCKETS = 200
TICKS = 2
TABS = 24  # of those, which ask for the part
AT_ONCE = 8  # that are answered at the same time


def test_makes_a_part_once_for_everybody_who_looks_at_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """LIVE-7: with 200 sockets and many tabs on one run, one rendering for each tick."""
    monkeypatch.setattr(shared_parts, "MOST_SECONDS", 60.0)  # however busy this machine is
    run, client = make_flow_run("RUNNING"), Client()

    client.get("/api/health")  # loads the middleware, before there are threads

    def ask(_: object) -> bytes:
        try:
            return client.get(f"/runs/flow-run/{run.id}?fragment=header").content
        finally:
            connections.close_all()

    def change(tick: int) -> None:
        FlowRun.objects.filter(pk=run.pk).update(state_name=f"Step {tick}")
        ingest_and_close([an_event("prefect.flow-run.Running", f"prefect.flow-run.{run.id}")])

    async def story(pool: ThreadPoolExecutor) -> list[tuple[int, set[bytes]]]:
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as opening:
            sockets = [SocketClient(PageSocket.as_asgi()) for _ in range(SOCKETS)]
            for socket in sockets:
                opening.create_task(socket.__aenter__())
        for socket in sockets:
            await socket.say({"type": "subscribe", "topics": [f"run:{run.id}"]})
            await socket.hear()
        ticks = []
        for tick in range(TICKS):
            made = parts.made
            await asyncio.to_thread(change, tick)
            for socket in sockets:
                assert (await socket.hear())["topics"] == [f"run:{run.id}"]
            answers = await asyncio.gather(*(loop.run_in_executor(pool, ask, socket) for socket in sockets[:TABS]))
            ticks.append((parts.made - made, set(answers)))
            assert f"Step {tick}".encode() in answers[0]
        for socket in sockets:
            await socket.__aexit__(None, None, None)
        return ticks

    with ThreadPoolExecutor(AT_ONCE) as pool:
        ticks = asyncio.run(story(pool))

    assert [(made, len(answers)) for made, answers in ticks] == [(1, 1)] * TICKS
