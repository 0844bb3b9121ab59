from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from orchestrator.runtime import asked


class Server:
    """It answers with the path, and counts how often it was asked."""

    def __init__(self, name: str = "server") -> None:
        self.name = name
        self.times = 0

    def ask(self, method: str, path: str) -> dict[str, str]:
        self.times += 1
        return {"name": self.name, "path": path}


@pytest.fixture
def hurried_threads() -> Iterator[None]:
    """They take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def told_by(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "client_of_run", lambda: server)


def test_asks_for_a_row_once(monkeypatch):
    server = Server()
    told_by(server, monkeypatch)

    assert [asked.row("/a"), asked.row("/a")] == [{"name": "server", "path": "/a"}] * 2
    assert server.times == 1


def test_does_not_take_a_server_for_one_that_is_gone(monkeypatch):
    current = [Server("gone")]
    monkeypatch.setattr(asked, "client_of_run", lambda: current[-1])
    asked.row("/a")
    place = id(current.pop())

    while len(current) < 10_000 and not (current and id(current[-1]) == place):
        current.append(Server("there"))

    assert asked.row("/a")["name"] == "there"


def test_keeps_no_more_than_so_many(monkeypatch):
    monkeypatch.setattr(asked, "_KEPT", 2)
    server = Server()
    told_by(server, monkeypatch)

    for path in ("/a", "/b", "/c", "/b", "/a"):
        asked.row(path)

    assert server.times == 4


def test_answers_every_thread_while_others_push_its_rows_out(monkeypatch, hurried_threads):
    monkeypatch.setattr(asked, "_KEPT", 1)
    told_by(Server(), monkeypatch)

    def look(number: int) -> set[str]:
        return {asked.row(f"/{number}")["path"] for _ in range(500)}

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(look, range(4))) == [{"/0"}, {"/1"}, {"/2"}, {"/3"}]
