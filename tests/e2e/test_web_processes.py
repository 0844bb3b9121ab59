"""Several web processes answer on one port: what one does the others know, and one that dies is not missed."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import psutil
import pytest
from websockets.asyncio.client import connect

from tests import services
from tests.e2e.system import System
from tests.waiting import eventually

pytestmark = pytest.mark.skipif(
    not (services.has_redis() and services.has_postgres()), reason="PostgreSQL or Redis is not installed"
)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with services.postgres() as database_url, services.redis() as redis_url:
        backend = {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
        system = System(tmp_path_factory.mktemp("home"), backend)
        system.start("--no-worker", "--no-services", "--web-processes", "2")
        yield system
        system.stop()
        print(system.output())
        assert system.left_over() == []


@pytest.fixture
def both(system: System) -> list[int]:
    """The web processes, once both accept connections."""
    return eventually(lambda: _that_answer(system), seconds=40)


class Caller:
    """One connection, which one process serves from its beginning to its end."""

    def __init__(self, system: System) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", _port_of(system), timeout=20)
        self.ask("GET", "/health")
        assert self._connection.sock is not None
        self.served_by = _who_serves(system, self._connection.sock.getsockname()[1])

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Content-Type": "application/json"}
        self._connection.request(method, f"/api{path}", None if body is None else json.dumps(body), headers)
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status < 300, content
        return json.loads(content)

    def close(self) -> None:
        self._connection.close()


def test_share_what_connects_at_once(system: System, both: list[int]) -> None:
    with ExitStack() as stack:
        served = [stack.enter_context(closing(Caller(system))).served_by for _ in range(6)]

    assert set(served) == set(both)


def test_tell_a_page_of_what_another_process_did(system: System, both: list[int]) -> None:
    async def story() -> tuple[Any, Any]:
        async with connect(f"ws://127.0.0.1:{_port_of(system)}/ws/live") as page:
            mine = _who_serves(system, page.local_address[1])
            await page.send(json.dumps({"type": "subscribe", "topics": ["runs"]}))
            subscribed = json.loads(await page.recv())
            run = await asyncio.to_thread(_by_another, system, mine, _make_run)
            async with asyncio.timeout(10):
                changed = json.loads(await page.recv())
            lines = [_line(run["id"])]
            await page.send(json.dumps({"type": "subscribe", "topics": [f"logs:{run['id']}"]}))
            await page.recv()
            await asyncio.to_thread(_by_another, system, mine, lambda caller: caller.ask("POST", "/logs/", lines))
            async with asyncio.timeout(10):
                logged = json.loads(await page.recv())
        assert subscribed["type"] == "subscribed"
        return changed["topics"], logged["topics"] == [f"logs:{run['id']}"]

    assert asyncio.run(story()) == (["runs"], True)


def test_lose_nothing_that_was_answered_when_one_is_killed(system: System, both: list[int]) -> None:
    made: list[str] = []
    ended = threading.Event()

    def keep_making() -> None:
        while not ended.is_set():
            try:
                with closing(Caller(system)) as caller:
                    made.append(_make_run(caller)["id"])
            except (OSError, http.client.HTTPException, AssertionError):
                continue  # its process died; what it did not answer may be there or not

    makers = [threading.Thread(target=keep_making) for _ in range(3)]
    for maker in makers:
        maker.start()
    eventually(lambda: len(made) >= 10)
    os.kill(both[1], signal.SIGKILL)
    at_death = len(made)
    eventually(lambda: len(made) >= at_death + 10)
    ended.set()
    for maker in makers:
        maker.join()

    assert all(system.flow_run(run_id)["id"] == run_id for run_id in made)
    assert set(eventually(lambda: _that_answer(system), seconds=40)) != set(both)
    assert "process ended (signal 9" in system.output()


def test_stop_together(tmp_path: Any, system: System) -> None:
    other = System(tmp_path, {name: system.environment[name] for name in ("DATABASE_URL", "REDIS_URL")})
    other.start("--no-worker", "--no-services", "--web-processes", "2")
    eventually(lambda: _that_answer(other), seconds=40)

    other.supervisor.send_signal(signal.SIGTERM)

    assert other.supervisor.wait(20) == 0
    assert other.left_over() == []
    assert "Traceback" not in other.output()


def _that_answer(system: System) -> list[int]:
    """Both web processes, if both serve one of two connections; else nothing."""
    with ExitStack() as stack:
        served = {stack.enter_context(closing(Caller(system))).served_by for _ in range(2)}
    pids = system.pids_of("web")
    return pids if len(pids) == 2 and served == set(pids) else []


def _by_another(system: System, one: int, do: Any) -> Any:
    """Do something by a connection to the other process."""
    with ExitStack() as stack:
        while True:
            caller = stack.enter_context(closing(Caller(system)))
            if caller.served_by != one:
                return do(caller)


def _make_run(caller: Caller) -> Any:
    flow = caller.ask("POST", "/flows/", {"name": "made"})
    return caller.ask("POST", "/flow_runs/", {"flow_id": flow["id"], "state": {"type": "PENDING", "name": "Pending"}})


def _line(run_id: str) -> dict[str, Any]:
    at = "2026-01-01T00:00:00Z"
    return {"name": "flow", "level": 20, "message": "hello", "timestamp": at, "flow_run_id": run_id}


def _who_serves(system: System, port: int) -> int:
    """The web process at the other end of a connection from this port."""
    for pid in system.pids_of("web"):
        try:
            connections = psutil.Process(pid).net_connections("tcp")
        except psutil.NoSuchProcess:
            continue
        if any(each.raddr and each.raddr.port == port for each in connections):
            return pid
    raise AssertionError("nobody serves it")


def _port_of(system: System) -> int:
    return int(system.url.rpartition(":")[2])
