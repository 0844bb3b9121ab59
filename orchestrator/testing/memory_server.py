"""A server in memory: it takes what the engine tells, at once, and keeps it for a test to look at."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from typing import Any

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.api.transport import Request, Response
from orchestrator.testing.blocks_in_memory import BlocksInMemory
from orchestrator.testing.runs_in_memory import RunsInMemory
from orchestrator.testing.searches_in_memory import SearchesInMemory
from orchestrator.testing.things_in_memory import ThingsInMemory

# Called with the decoded body and what the path holds; answers with a status and what becomes the body.
Answer = Callable[..., tuple[int, Any]]
Route = tuple[str, str, Answer]


class MemoryServer:
    """A transport that answers by itself what runs ask for; see `Transport`."""

    address = "the test harness"

    def __init__(self) -> None:
        self.runs = RunsInMemory()
        self.things = ThingsInMemory(self.runs)
        self.blocks = BlocksInMemory()
        self.searches = SearchesInMemory(self.runs, self.things)
        self._lock = threading.RLock()
        self._routes = [(method, re.compile(path), answer) for method, path, answer in self._table()]

    def client(self) -> Client:
        return Client(self)

    def handle(self, request: Request) -> Response:
        path = request.path.partition("?")[0]
        with self._lock:
            body = json.loads(request.body) if request.body else None
            for method, pattern, answer in self._routes:
                asked = request.path if r"\?" in pattern.pattern else path
                found = pattern.fullmatch(asked) if method == request.method else None
                if found:
                    status, value = answer(body, *found.groups())
                    if isinstance(value, str):
                        return Response(status, value.encode(), {"content-type": "text/plain"})
                    return Response(status, b"" if status == 204 else json.dumps(value).encode())
        return Response(
            501,
            json.dumps(
                {
                    "detail": f"the test harness does not answer {request.method} {path}: "
                    "test what needs it against a server of its own"
                }
            ).encode(),
        )

    def _table(self) -> list[Route]:
        runs, things, blocks, searches = self.runs, self.things, self.blocks, self.searches
        return [
            ("POST", "/flows/", runs.create_flow),
            ("POST", "/flows/filter", searches.flows),
            ("GET", "/flows/name/(.+)", searches.flow_by_name),
            ("GET", "/flows/([^/]+)", runs.read_flow),
            ("POST", "/flow_runs/", runs.create_flow_run),
            ("POST", "/flow_runs/filter", searches.flow_runs),
            ("POST", "/flow_runs/count", searches.count_flow_runs),
            ("GET", "/flow_runs/([^/]+)", runs.read_flow_run),
            ("PATCH", "/flow_runs/([^/]+)", runs.change_flow_run),
            ("POST", "/flow_runs/([^/]+)/set_state", runs.set_state),
            ("GET", r"/(?:flow|task)_run_states/\?(?:flow|task)_run_id=([^&]+)", searches.states),
            ("POST", "/task_runs/", runs.create_task_run),
            ("POST", "/task_runs/filter", searches.task_runs),
            ("GET", "/task_runs/([^/]+)", runs.read_task_run),
            ("POST", "/task_runs/([^/]+)/set_state", runs.set_task_run_state),
            ("POST", "/events", runs.take_events),
            ("POST", "/logs/", runs.take_logs),
            ("POST", "/logs/filter", searches.logs),
            ("POST", "/flow_runs/([^/]+)/resume", things.resume),
            ("POST", "/flow_runs/([^/]+)/input", things.create_input),
            ("POST", "/flow_runs/([^/]+)/input/filter", things.filter_inputs),
            ("GET", "/flow_runs/([^/]+)/input/(.+)", things.read_input),
            ("DELETE", "/flow_runs/([^/]+)/input/(.+)", things.delete_input),
            ("POST", "/variables/", things.create_variable),
            ("POST", "/variables/filter", searches.variables),
            ("GET", "/variables/name/([^/]+)", things.read_variable),
            ("PATCH", "/variables/name/([^/]+)", things.change_variable),
            ("DELETE", "/variables/name/([^/]+)", things.delete_variable),
            ("POST", "/artifacts/", things.create_artifact),
            ("POST", "/artifacts/filter", searches.artifacts),
            ("GET", "/artifacts/([^/]+)/latest", things.read_latest_artifact),
            ("GET", "/artifacts/([^/]+)", things.read_artifact),
            ("PATCH", "/artifacts/([^/]+)", things.change_artifact),
            ("POST", "/block_types/", blocks.create_type),
            ("GET", "/block_types/slug/([^/]+)", blocks.read_type),
            ("PATCH", "/block_types/([^/]+)", blocks.change_type),
            ("GET", "/block_types/slug/([^/]+)/block_documents/name/([^/]+)", blocks.find_document),
            ("POST", "/block_schemas/", blocks.create_schema),
            ("GET", "/block_schemas/checksum/([^/]+)", blocks.read_schema),
            ("POST", "/block_documents/", blocks.create_document),
            ("GET", "/block_documents/([^/]+)", blocks.read_document),
            ("PATCH", "/block_documents/([^/]+)", blocks.change_document),
            ("DELETE", "/block_documents/([^/]+)", blocks.delete_document),
            ("POST", "/v2/concurrency_limits/increment", things.take_slots),
            ("POST", "/v2/concurrency_limits/increment-with-lease", things.take_slots_with_lease),
            ("POST", "/v2/concurrency_limits/decrement", things.give_slots),
            ("POST", "/v2/concurrency_limits/decrement-with-lease", things.give_slots),
            ("POST", "/v2/concurrency_limits/leases/([^/]+)/renew", things.give_slots),
        ]
