"""The worker channel of the contract: a worker's heartbeats up, what changes about its pool down.

Scheduled runs are still fetched over REST. Tearing down infrastructure is not offered: workers do that by themselves.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from django.db import DatabaseError, DataError
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, TypeAdapter, ValidationError, model_validator

from deployments.api.answers import work_pool_answer
from deployments.errors import DeploymentsError, NotFound, ReservedName, WorkPoolNotFound
from deployments.models import WorkPool
from deployments.services.worker_channel import join_work_pool
from deployments.services.workers import record_heartbeat
from orchestrator.accounts.roles import Role
from orchestrator.contract.ids import uuid7
from orchestrator.contract.times import now
from orchestrator.events.models import Event
from orchestrator.live.hub import current_hub
from orchestrator.live.sockets import (
    POLICY_VIOLATION,
    PROTOCOL_ERROR,
    SERVER_ERROR,
    ApiSocket,
    Refuse,
    until_first_ends,
)
from orchestrator.rest.bodies import Name, Time
from orchestrator.web.threads import http_threads

logger = logging.getLogger(__name__)

VERSION = "work_pool_worker_channel.v1"
HEARTBEATS = "worker_heartbeat.v1"
SNAPSHOTS = "work_pool_snapshot.v1"
CLEANUP = "cleanup_delivery.v1"
OFFERED = (HEARTBEATS, SNAPSHOTS)
GATHER_SECONDS = 0.05  # changes that come so close together make one snapshot
# What changes about a pool by itself, and no worker has to hear of.
_NO_NEWS = frozenset({"updated", "active_slots"})

Text = Annotated[str, Field(min_length=1)]


class Frame(BaseModel):
    """What every frame carries beside its type and its payload."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: UUID
    sent_at: Time


class Hello(BaseModel):
    """Who the worker is and what it can do."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    consumer_id: UUID
    worker_name: Text
    worker_type: Text
    heartbeat_interval_seconds: PositiveInt
    supported_channel_versions: Annotated[list[Text], Field(min_length=1)]
    requested_capabilities: Annotated[list[Text], Field(min_length=1)]
    work_queue_names: list[Text] = []
    handled_cleanup_kinds: list[Literal["cancelling_timeout_teardown.v1", "pending_claim_teardown.v1"]] = []
    max_cleanup_concurrency: Annotated[int, Field(ge=0)] = 0
    create_pool_if_not_found: bool = False
    default_base_job_template: dict[str, Any] = {}
    worker_metadata: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _asks_for_what_belongs_together(self) -> Hello:
        if missing := set(OFFERED) - set(self.requested_capabilities):
            raise ValueError(f"A channel needs the capabilities {', '.join(sorted(missing))}.")
        cleans_up = self.handled_cleanup_kinds or self.max_cleanup_concurrency
        if cleans_up and CLEANUP not in self.requested_capabilities:
            raise ValueError(f"Clean-up needs the capability {CLEANUP}.")
        return self


class HelloFrame(Frame):
    type: Literal["worker.hello.v1"]
    payload: Hello


class Heartbeat(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    consumer_id: UUID
    worker_name: Text
    heartbeat_interval_seconds: PositiveInt


class HeartbeatFrame(Frame):
    type: Literal["worker.heartbeat.v1"]
    payload: Heartbeat


_hello = TypeAdapter(HelloFrame)
_heartbeat = TypeAdapter(HeartbeatFrame)
_name = TypeAdapter(Name)  # of a pool that may be made


class WorkerChannel(ApiSocket):
    """`/work_pools/<name>/workers/connect`. Workers read the reason of a close, and take it for final or try again."""

    least_role = Role.OPERATOR
    needs_subprotocol: ClassVar[bool] = True
    not_greeted: ClassVar[str] = "authentication_failed"
    unauthorized: ClassVar[str] = "authentication_failed"
    failed: ClassVar[str] = "transient_server_error"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._pool_name: str = self.scope["url_route"]["kwargs"]["pool_name"]
        self._pool_id: UUID | None = None
        self._reason = ""  # why the next snapshot is due
        self._due = asyncio.Event()
        self._told: dict[str, Any] = {}  # the pool as the worker knows it

    async def converse(self) -> None:
        hello = await self._receive_hello()
        hub = current_hub()
        queues = await self._join(hello)
        await hub.watch_events(self._events_came)
        try:
            self._told = await http_threads.call(read_pool, self._pool_id)
            await self._send_frame("worker.ready.v1", self._ready(hello, queues))
            await until_first_ends(self._listen(hello), self._tell())
        except WorkPoolNotFound:
            raise Refuse(POLICY_VIOLATION, "authorization_failed") from None
        except DatabaseError as error:
            logger.warning("A worker's channel is closed, because the database could not be used: %s", error)
            raise Refuse(SERVER_ERROR, "transient_server_error") from None
        finally:
            await hub.unwatch_events(self._events_came)

    async def _receive_hello(self) -> Hello:
        try:
            hello = _hello.validate_python(await self.receive_object()).payload
        except ValidationError as error:
            logger.debug("A worker said no hello: %s", error)
            raise Refuse(PROTOCOL_ERROR, "protocol_error") from None
        if VERSION not in hello.supported_channel_versions:
            raise Refuse(POLICY_VIOLATION, "unsupported_version")
        return hello

    async def _join(self, hello: Hello) -> list[dict[str, Any]]:
        """Find or make the pool. Returns the queues that the worker serves."""
        try:
            if hello.create_pool_if_not_found:
                _name.validate_python(self._pool_name)
            self._pool_id, queues = await http_threads.call(join, self._pool_name, hello)
        except (NotFound, ReservedName):
            raise Refuse(POLICY_VIOLATION, "authorization_failed") from None
        except (DeploymentsError, DataError, ValidationError):
            raise Refuse(PROTOCOL_ERROR, "protocol_error") from None
        except DatabaseError as error:
            logger.warning("A worker's first heartbeat could not be recorded: %s", error)
            raise Refuse(SERVER_ERROR, "heartbeat_persistence_failed") from None
        return queues

    def _ready(self, hello: Hello, queues: list[dict[str, Any]]) -> dict[str, Any]:
        wanted = dict.fromkeys(hello.requested_capabilities)
        return {
            "consumer_id": hello.consumer_id,
            "worker_id": None,
            "selected_channel_version": VERSION,
            "effective_heartbeat_interval_seconds": hello.heartbeat_interval_seconds,
            "accepted_capabilities": list(OFFERED),
            "rejected_capabilities": [capability for capability in wanted if capability not in OFFERED],
            "effective_max_cleanup_concurrency": 0,
            "resolved_work_queues": queues,
            "initial_snapshot": {"snapshot_sequence": 1, "reason": "initial", "work_pool": self._told},
        }

    async def _listen(self, hello: Hello) -> None:
        """Record heartbeats. Nothing else is expected of a worker."""
        while True:
            try:
                beat = _heartbeat.validate_json(await self.receive_text()).payload
            except ValidationError:
                raise Refuse(PROTOCOL_ERROR, "protocol_error") from None
            if (beat.consumer_id, beat.worker_name) != (hello.consumer_id, hello.worker_name):
                raise Refuse(PROTOCOL_ERROR, "protocol_error")
            try:
                updated = await http_threads.call(record, self._pool_name, beat)
            except (DatabaseError, DeploymentsError) as error:
                logger.warning("The heartbeat of a worker could not be recorded: %s", error)
                raise Refuse(SERVER_ERROR, "heartbeat_persistence_failed") from None
            if updated != self._told["updated"]:
                self._snapshot_is_due("heartbeat_reconciliation")

    async def _tell(self) -> None:
        """Send the pool whenever it has changed."""
        sequence = 1
        while True:
            await self._due.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._due.clear()
            pool = await http_threads.call(read_pool, self._pool_id)
            is_news = _news(pool) != _news(self._told)
            self._told = pool
            if is_news:
                sequence += 1
                snapshot = {"snapshot_sequence": sequence, "reason": self._reason, "work_pool": pool}
                await self._send_frame("work_pool.snapshot.v1", snapshot)

    def _events_came(self, events: Sequence[Event]) -> None:
        mine = f"prefect.work-pool.{self._pool_id}"
        if any(event.resource_id == mine for event in events):
            self._snapshot_is_due("work_pool_updated")

    def _snapshot_is_due(self, reason: str) -> None:
        self._reason = reason
        self._due.set()

    async def _send_frame(self, kind: str, payload: dict[str, Any]) -> None:
        await self.send_object({"type": kind, "id": uuid7(), "sent_at": now(), "payload": payload})


def join(pool_name: str, hello: Hello) -> tuple[UUID, list[dict[str, Any]]]:
    pool_id, queues = join_work_pool(
        pool_name=pool_name,
        worker_name=hello.worker_name,
        worker_type=hello.worker_type,
        heartbeat_interval_seconds=hello.heartbeat_interval_seconds,
        queue_names=hello.work_queue_names,
        may_create=hello.create_pool_if_not_found,
        default_template=hello.default_base_job_template,
        metadata=hello.worker_metadata,
    )
    return pool_id, [{"id": queue.pk, "name": queue.name} for queue in queues]


def record(pool_name: str, beat: Heartbeat) -> Any:
    """When the pool last changed, as it is after the heartbeat."""
    worker = record_heartbeat(
        pool_name=pool_name,
        worker_name=beat.worker_name,
        heartbeat_interval_seconds=beat.heartbeat_interval_seconds,
    )
    return worker.work_pool.updated


def read_pool(pool_id: UUID) -> dict[str, Any]:
    """Raises WorkPoolNotFound."""
    pool = WorkPool.objects.filter(pk=pool_id).first()
    if pool is None:
        raise WorkPoolNotFound(str(pool_id))
    return work_pool_answer(pool)


def _news(pool: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in pool.items() if key not in _NO_NEWS}
