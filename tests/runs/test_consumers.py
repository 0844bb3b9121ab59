from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection

from orchestrator.contract.ids import uuid7
from orchestrator.live.hub import current_hub
from runs.consumers import LogsOut
from runs.models import Log
from runs.services.logs import write_logs
from tests.live.socket_client import SocketClient

RUN = UUID("11111111-1111-4111-8111-111111111111")
OTHER = UUID("22222222-2222-4222-8222-222222222222")


def a_line(message: str, run: UUID = RUN, level: int = 20) -> Log:
    return Log(id=uuid7(), name="test", level=level, message=message, timestamp=datetime.now(UTC), flow_run_id=run)


def write(*lines: Log) -> None:
    write_logs(lines=lines)
    connection.close()


async def until_listening() -> None:
    while not current_hub().wants_lines:
        await asyncio.sleep(0.01)


def heard(filter: dict[str, Any], lines: list[Log], count: int) -> list[str]:
    """The messages that a subscriber with this filter hears of the lines."""

    async def story() -> list[str]:
        async with SocketClient(LogsOut.as_asgi()) as client:
            await client.say({"type": "filter", "filter": filter})
            await until_listening()
            await asyncio.to_thread(write, *lines)
            frames = [await client.hear() for _ in range(count)]
            assert await client.hears_nothing(0.1)
            assert all(frame["type"] == "log" for frame in frames)
            return [frame["log"]["message"] for frame in frames]

    return asyncio.run(story())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ({}, ["quiet", "loud", "other"]),
        ({"flow_run_id": {"any_": [str(RUN)]}}, ["quiet", "loud"]),
        ({"level": {"ge_": 30}}, ["loud"]),
        ({"timestamp": {"after_": "2020-01-01T00:00:00Z"}, "flow_run_id": {"any_": [str(OTHER)]}}, ["other"]),
        ({"task_run_id": {"is_null_": True}}, ["quiet", "loud", "other"]),
        ({"text": {"query": "loud other"}}, ["loud", "other"]),
        ({"operator": "or_", "level": {"ge_": 30}, "flow_run_id": {"any_": [str(OTHER)]}}, ["loud", "other"]),
    ],
)
def test_sends_the_lines_that_are_asked_for(filter: dict[str, Any], expected: list[str]) -> None:
    lines = [a_line("quiet"), a_line("loud", level=40), a_line("other", run=OTHER)]

    assert heard(filter, lines, len(expected)) == expected


@pytest.mark.django_db(transaction=True)
def test_sends_a_line_that_is_written_twice_once() -> None:
    line = a_line("once")
    again = a_line("once")
    again.id = line.id

    assert heard({}, [line, again], 1) == ["once"]


def test_closes_with_1002_when_no_filter_comes() -> None:
    async def story(frame: Any) -> Any:
        async with SocketClient(LogsOut.as_asgi()) as client:
            await client.say(frame)
            return await client.hear()

    assert asyncio.run(story({"type": "hello"})) == 1002
    assert asyncio.run(story({"type": "filter"})) == 1002
    assert asyncio.run(story({"type": "filter", "filter": {"id": str(uuid4())}})) == 1002
