"""Malformed frames on every websocket: it closes with a code that says so or goes on, and never breaks."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import pytest
from channels.routing import URLRouter
from django.db import connections
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as some

from orchestrator.contract.ids import uuid7
from orchestrator.contract.states import State, StateType
from orchestrator.routing import websocket_urlpatterns
from orchestrator.web.receipts import EXTENSION, PING, Receipts
from runs.services.task_runs import TaskPlan, create_task_run
from tests.contract.malformed.spoiling import Draw, spoiled, written
from tests.contract.malformed.values import BODIES, HEADERS, NOBODY, PARTS
from tests.factories import make_work_pool
from tests.live.conftest import companions  # noqa: F401  a fixture

EXAMPLES = int(os.environ.get("MALFORMED_EXAMPLES", "15"))
SEED = os.environ.get("MALFORMED_SEED")
PATIENCE_SECONDS = 8.0  # for the server to say something, or to end
QUIET_SECONDS = 0.05  # after which it is taken to have said everything
LONGEST_REASON = 123  # bytes, a limit of the protocol

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("companions")]

AUTH = {"type": "auth", "token": None}
QUIT = {"type": "quit"}
RUN = {"prefect.resource.id": f"prefect.flow-run.{NOBODY}", "prefect.resource.role": "flow-run"}
EVENT = {
    "id": str(uuid4()),
    "occurred": "2026-11-21T03:00:00Z",
    "event": "prefect.task-run.Running",
    "resource": {"prefect.resource.id": f"prefect.task-run.{NOBODY}", "prefect.resource.name": "add-0"},
    "related": [RUN, {"prefect.resource.id": "prefect.tag.slow", "prefect.resource.role": "tag"}],
    "payload": {
        "validated_state": {"type": "RUNNING", "name": "Running", "state_details": {"flow_run_id": NOBODY}},
        "task_run": {"task_key": "add", "dynamic_key": "0", "tags": ["slow"], "task_inputs": {}},
    },
    "follows": NOBODY,
}
EVENTS_WANTED = {
    "occurred": {"since": "2026-11-21T03:00:00Z", "until": "2026-11-22T03:00:00Z"},
    "event": {"prefix": ["prefect."], "name": ["a"]},
    "resource": {"id": ["shop.1"], "id_prefix": ["shop"], "labels": {"a": ["b", "!c"]}},
    "related": {"id": ["shop.1"], "role": ["tag"]},
    "id": {"id": [NOBODY]},
    "order": "ASC",
}
LINES_WANTED = {
    "level": {"ge_": 20, "le_": 40},
    "timestamp": {"before_": "2026-11-21T03:00:00Z", "after_": "2026-11-20T03:00:00Z"},
    "flow_run_id": {"any_": [NOBODY]},
    "text": {"query": "+red -blue"},
}


def _worker_frame(kind: str, **payload: Any) -> dict[str, Any]:
    payload = {"consumer_id": NOBODY, "worker_name": "w", "heartbeat_interval_seconds": 30} | payload
    return {"type": kind, "id": NOBODY, "sent_at": "2026-11-21T03:00:00Z", "payload": payload}


HELLO = _worker_frame(
    "worker.hello.v1",
    worker_type="process",
    supported_channel_versions=["work_pool_worker_channel.v1"],
    requested_capabilities=["worker_heartbeat.v1", "work_pool_snapshot.v1"],
    work_queue_names=["default"],
    create_pool_if_not_found=True,
    default_base_job_template={},
    worker_metadata={"integrations": [{"name": "a", "version": "1"}]},
)
# Address -> the frames that belong there, and the codes with which the socket may close.
SOCKETS: dict[str, tuple[list[dict[str, Any]], set[int]]] = {
    "/api/events/in": ([AUTH, EVENT], {1008}),
    "/api/events/out": ([AUTH, {"type": "filter", "filter": EVENTS_WANTED, "backfill": True}], {1002, 1008}),
    "/api/logs/out": ([AUTH, {"type": "filter", "filter": LINES_WANTED}], {1002, 1008}),
    "/api/task_runs/subscriptions/scheduled": (
        [AUTH, {"type": "subscribe", "keys": ["add"], "client_id": "me"}, {"type": "ack"}, QUIT],
        {1000, 1008, 4001},
    ),
    "/api/work_pools/cluster/workers/connect": ([AUTH, HELLO, _worker_frame("worker.heartbeat.v1")], {1002, 1008}),
    "/ws/live": ([{"type": "subscribe", "topics": ["runs", f"run:{NOBODY}"]}], {1002, 1008}),
}


@pytest.fixture
def background_run(db: None) -> Iterator[None]:
    """One that a task worker is offered, and the pool of another worker."""
    make_work_pool("cluster")
    state = State(StateType.SCHEDULED, details={"deferred": True}).with_(id=uuid7())
    create_task_run(plan=TaskPlan(task_key="add", dynamic_key="0", state=state))
    connections.close_all()
    yield
    connections.close_all()


@some.composite
def conversations(draw: Draw, frames: list[dict[str, Any]]) -> list[str | bytes]:
    """A client that begins as it should and then goes astray."""
    said: list[str | bytes] = [written(frame).decode() for frame in frames[: draw(some.integers(0, len(frames)))]]
    for _ in range(draw(some.integers(1, 3))):
        wrong = draw(some.sampled_from(["value", "value", "value", "order", "text", "binary"]))
        if wrong == "value":
            frame = spoiled(draw, draw(some.sampled_from(frames)), {}, times=draw(some.integers(1, 2)))
            said.append(written(frame).decode())
        elif wrong == "order":
            said.append(written(draw(some.sampled_from(frames))).decode())
        else:
            raw = draw(some.sampled_from(BODIES))
            said.append(raw if wrong == "binary" else raw.decode(errors="replace"))
    return said


@pytest.mark.parametrize("address", SOCKETS)
def test_ends_a_conversation_that_went_astray_in_an_orderly_way(
    address: str, background_run: None, caplog: pytest.LogCaptureFixture
) -> None:
    frames, codes = SOCKETS[address]

    @given(conversations(frames), some.booleans())
    def holds(said: list[str | bytes], knows_subprotocol: bool) -> None:
        caplog.clear()

        closed = asyncio.run(talk(address, said, subprotocols=["prefect"] if knows_subprotocol else []))

        assert closed is None or closed in codes
        assert faults_in(caplog) == []

    repeatedly(holds)


@pytest.mark.parametrize("address", SOCKETS)
def test_takes_any_headers(address: str, background_run: None, caplog: pytest.LogCaptureFixture, settings: Any) -> None:
    settings.API_AUTH = "required"
    frames, _ = SOCKETS[address]
    names = ["host", "origin", "authorization", "cookie", "user-agent"]

    @given(
        some.sampled_from(names).flatmap(lambda name: some.tuples(some.just(name), some.sampled_from(HEADERS[name])))
    )
    def holds(header: tuple[str, bytes]) -> None:
        caplog.clear()

        closed = asyncio.run(talk(address, [written(frames[0]).decode()], headers=dict([header])))

        assert closed == 1008
        assert faults_in(caplog) == []

    repeatedly(holds)


@pytest.mark.parametrize("may_create", [False, True])
@pytest.mark.parametrize("part", PARTS)
def test_answers_a_worker_of_a_strange_pool(
    part: str, may_create: bool, background_run: None, caplog: pytest.LogCaptureFixture
) -> None:
    hello = HELLO | {"payload": HELLO["payload"] | {"create_pool_if_not_found": may_create}}
    said = [written(frame).decode() for frame in (AUTH, hello)]

    closed = asyncio.run(talk(f"/api/work_pools/{part}/workers/connect", said))

    assert closed in (1002, 1008) or (may_create and closed is None)
    assert faults_in(caplog) == []


def repeatedly(holds: Any) -> None:
    often = settings(
        max_examples=EXAMPLES,
        derandomize=SEED is None,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    (often(holds) if SEED is None else seed(int(SEED))(often(holds)))()


def faults_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR]


async def talk(
    address: str,
    said: list[str | bytes],
    *,
    subprotocols: list[str] | None = None,
    headers: dict[str, bytes] | None = None,
) -> int | None:
    """Say everything and leave. Returns the code with which the server closed, None when it did not."""
    to_server: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    from_server: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    application = asyncio.ensure_future(
        URLRouter(websocket_urlpatterns)(
            _scope(address, ["prefect"] if subprotocols is None else subprotocols, headers or {}),
            to_server.get,
            from_server.put,
        )
    )
    to_server.put_nowait({"type": "websocket.connect"})
    for frame in said:
        to_server.put_nowait({"type": "websocket.receive", "text" if isinstance(frame, str) else "bytes": frame})
    stored = asyncio.Event()
    to_server.put_nowait({"type": PING, "answer": stored.set})
    await asyncio.wait(
        {application, asyncio.ensure_future(stored.wait())}, timeout=PATIENCE_SECONDS, return_when="FIRST_COMPLETED"
    )
    await asyncio.wait({application}, timeout=QUIET_SECONDS)
    to_server.put_nowait({"type": "websocket.disconnect", "code": 1000})
    await asyncio.wait_for(application, PATIENCE_SECONDS)
    closed = None
    while not from_server.empty():
        message = from_server.get_nowait()
        if message["type"] == "websocket.close":
            closed = message["code"]
            assert len(message.get("reason", "").encode()) <= LONGEST_REASON
    return closed


def _scope(address: str, subprotocols: list[str], headers: dict[str, bytes]) -> dict[str, Any]:
    given = {"host": b"testserver"} | headers
    return {
        "type": "websocket",
        "path": unquote(address),
        "raw_path": address.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode(), value) for name, value in given.items()],
        "subprotocols": subprotocols,
        "extensions": {EXTENSION: Receipts()},
    }
