from __future__ import annotations

import asyncio
from typing import Any

from orchestrator.web.lifespan import Companion, Lifespan


def companion(name: str, diary: list[str], *, fails_at: str = "") -> Companion:
    async def step(what: str) -> None:
        diary.append(f"{what} {name}")
        if fails_at == what:
            raise RuntimeError(f"{name} cannot {what}")

    return Companion(name, lambda: step("start"), lambda: step("stop"))


def live(lifespan: Lifespan, *received: str) -> list[dict[str, Any]]:
    waiting = [{"type": f"lifespan.{name}"} for name in received]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return waiting.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(lifespan({"type": "lifespan"}, receive, send))
    return sent


def test_stops_its_companions_in_the_opposite_order() -> None:
    diary: list[str] = []

    sent = live(Lifespan([companion("a", diary), companion("b", diary)]), "startup", "shutdown")

    assert diary == ["start a", "start b", "stop b", "stop a"]
    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_stops_those_that_started_when_one_cannot() -> None:
    diary: list[str] = []
    companions = [companion("a", diary), companion("b", diary, fails_at="start"), companion("c", diary)]

    sent = live(Lifespan(companions), "startup")

    assert diary == ["start a", "start b", "stop b", "stop a"]
    assert sent == [{"type": "lifespan.startup.failed", "message": "b cannot start"}]


def test_stops_the_others_when_one_cannot_stop() -> None:
    diary: list[str] = []

    sent = live(Lifespan([companion("a", diary), companion("b", diary, fails_at="stop")]), "startup", "shutdown")

    assert diary[-1] == "stop a"
    assert sent[-1]["type"] == "lifespan.shutdown.complete"
