"""A websocket of the API that is none, and time that passes when a test says so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orchestrator.sdk.timing import pace
from orchestrator.sdk.watching import listening


class FakeSocket:
    """Hears what `frames` hold, then nothing more; an exception among them is raised."""

    frames: list = []
    made: list = []
    refusal: Exception | None = None
    deafness: Exception | None = None

    def __init__(self, client, path):
        if self.refusal is not None:
            raise self.refusal
        self.said, self.open = [], True
        self.made.append(self)

    def say(self, frame):
        if self.deafness is not None:
            raise self.deafness
        self.said.append(frame)

    def hear(self, timeout=None):
        if not self.frames:
            return None
        frame = self.frames.pop(0)
        if isinstance(frame, Exception):
            raise frame
        return frame

    def close(self):
        self.open = False


class Clock:
    """Stands in for `time` where it is patched in."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def sockets(monkeypatch) -> type[FakeSocket]:
    for name, value in (("frames", []), ("made", []), ("refusal", None), ("deafness", None)):
        monkeypatch.setattr(FakeSocket, name, value)
    monkeypatch.setattr(listening, "ApiSocket", FakeSocket)
    return FakeSocket


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(listening, "time", clock)
    return clock


@pytest.fixture
def slept(monkeypatch) -> Iterator[list[float]]:
    seconds: list[float] = []
    monkeypatch.setattr(pace, "sleep", lambda asked, stopped=None: seconds.append(asked))
    return seconds
