"""The real server code under a flow that runs in the test's own thread; what happens meanwhile is scripted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from orchestrator.sdk.api.client import Client, use_client
from orchestrator.sdk.api.transport import Request, Response
from orchestrator.sdk.timing import pace
from tests.in_process import DjangoTransport


class WithoutReports(DjangoTransport):
    """Events and logs come from a thread of the SDK, which is outside of the test's transaction: they are dropped."""

    def handle(self, request: Request) -> Response:
        if request.path in ("/events", "/logs/"):
            return Response(204, b"")
        return super().handle(request)


class Server:
    """`meanwhile` are calls that are made one by one whenever the SDK waits; it may not wait when none is left."""

    def __init__(self) -> None:
        self.client = Client(WithoutReports(), ui_url="http://ui.test")
        self.meanwhile: list[Callable[[], Any]] = []
        self.slept: list[float] = []

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        return self.client.ask(method, path, body)

    def the_run(self, flow_name: str) -> dict[str, Any]:
        (run,) = self.ask("POST", "/flow_runs/filter", {"flows": {"name": {"any_": [flow_name]}}})
        return dict(run)

    def state_names(self, run_id: str) -> list[str]:
        states = self.ask("GET", f"/flow_run_states/?flow_run_id={run_id}")
        return [state["name"] for state in sorted(states, key=lambda state: state["timestamp"])]

    def set_state(self, run_id: str, type_: str, name: str | None = None, *, force: bool = True) -> Any:
        state = {"type": type_, "name": name or type_.capitalize()}
        return self.ask("POST", f"/flow_runs/{run_id}/set_state", {"state": state, "force": force})

    def sleep(self, seconds: float, *, stopped: Callable[[], bool] | None = None) -> None:
        self.slept.append(seconds)
        assert self.meanwhile, "it waits, and nothing more is going to happen"
        self.meanwhile.pop(0)()


@contextmanager
def server_in_own_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    server = Server()
    monkeypatch.setattr(pace, "sleep", server.sleep)
    with use_client(server.client):
        yield server
