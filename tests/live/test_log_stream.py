from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from orchestrator.live import log_stream
from orchestrator.live.hub import current_hub
from orchestrator.live.log_stream import lines_wanted, publish_lines, receive_from_others

RUN = UUID("11111111-1111-4111-8111-111111111111")


class SharedLayer:
    """A channel layer that several processes would share."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.waiting: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.groups: list[str] = []

    async def new_channel(self) -> str:
        return "mine"

    async def group_add(self, group: str, channel: str) -> None:
        self.groups.append(group)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        self.sent.append(message)

    async def receive(self, channel: str) -> dict[str, Any]:
        return await self.waiting.get()


@pytest.fixture
def share(monkeypatch: pytest.MonkeyPatch) -> Callable[[SharedLayer], None]:
    def share(layer: SharedLayer) -> None:
        monkeypatch.setattr(log_stream, "get_channel_layer", lambda: layer)

    return share


def a_line(number: int = 0) -> dict[str, Any]:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    times = {"created": at, "updated": at, "timestamp": at}
    return {"id": RUN, "message": str(number), "flow_run_id": RUN, "task_run_id": None, **times}


def test_wants_lines_when_other_processes_may(share: Callable[[SharedLayer], None]) -> None:
    share(SharedLayer())

    assert lines_wanted()


def test_sends_lines_to_other_processes_in_small_messages(share: Callable[[SharedLayer], None]) -> None:
    async def story() -> list[dict[str, Any]]:
        layer = SharedLayer()
        share(layer)
        current_hub()
        await asyncio.to_thread(publish_lines, [a_line(number) for number in range(450)])
        await asyncio.sleep(0.05)
        return layer.sent

    assert len(asyncio.run(story())) == 3  # 200, 200 and 50


def test_hands_on_the_lines_of_other_processes_but_not_its_own_again(share: Callable[[SharedLayer], None]) -> None:
    async def story() -> tuple[list[str], list[Any]]:
        layer = SharedLayer()
        share(layer)
        heard: list[Any] = []

        def listen(lines: Sequence[Any]) -> None:
            heard.extend(lines)

        current_hub().watch_lines(listen)
        receiving = asyncio.ensure_future(receive_from_others())
        await asyncio.to_thread(publish_lines, [a_line(1)])
        await asyncio.sleep(0.05)
        [own] = layer.sent
        layer.waiting.put_nowait(own)
        layer.waiting.put_nowait({**own, "process": "another"})
        await asyncio.sleep(0.05)
        receiving.cancel()
        return layer.groups, heard

    groups, heard = asyncio.run(story())

    assert groups == ["log-lines"]
    assert heard == [a_line(1), a_line(1)]  # once from this process, once from the other


def test_does_not_read_the_lines_of_others_while_nobody_watches(share: Callable[[SharedLayer], None]) -> None:
    async def story() -> bool:
        layer = SharedLayer()
        share(layer)
        receiving = asyncio.ensure_future(receive_from_others())
        layer.waiting.put_nowait({"type": "log.lines", "process": "another", "lines": b"what cannot be read"})
        await asyncio.sleep(0.05)
        ended = receiving.done()
        receiving.cancel()
        return ended

    assert asyncio.run(story()) is False


def test_ends_at_once_when_nothing_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_stream, "get_channel_layer", lambda: None)

    asyncio.run(asyncio.wait_for(receive_from_others(), 1))
