"""The socket of task workers: `/task_runs/subscriptions/scheduled`.

By the contract a worker acknowledges each task run on receipt. Ours may say how many it executes at once (`slots`): it
is told that this is understood, is sent as many, and acknowledges each by its id when it has ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson

from orchestrator.accounts.roles import Role
from orchestrator.live.sockets import TRY_AGAIN_LATER, ApiSocket, Refuse, until_first_ends
from orchestrator.rest.json import load_json
from orchestrator.web.threads import http_threads
from runs.api.answers import task_run_answer
from runs.models import TaskRun
from runs.queue_watch import current_watch
from runs.services import background
from runs.services.background_holders import Holder

PROTOCOL_VIOLATION = 4001
NORMAL = 1000
MOST_KEYS = 1000
MOST_SLOTS = 1000


class ScheduledTaskRuns(ApiSocket):
    """The worker says which tasks it knows, and is sent their runs one by one; each has to be acknowledged."""

    least_role = Role.OPERATOR

    async def converse(self) -> None:
        asked = await self.receive_object()
        keys, client_id = _subscription(asked)
        slots = _slots(asked)
        if slots is not None:
            await self._converse_with_holder(asked, keys, client_id, slots)
            return
        subscription_id = await http_threads.call(_subscribe, client_id, keys)
        try:
            await _Desk(self, subscription_id, background.FIRST_EPOCH, keys).serve()
        finally:
            # Also when the server stops in this moment; should even this be lost, the lease ends by itself.
            await asyncio.shield(http_threads.call(_unsubscribe, subscription_id, background.FIRST_EPOCH))

    async def _converse_with_holder(self, asked: dict[str, Any], keys: list[str], client_id: str, slots: int) -> None:
        holder = await http_threads.call(_connect_holder, asked, client_id, keys, slots)
        desk = _SlotDesk(self, holder, keys, slots)
        try:
            await self.send_object(
                {
                    "type": "subscribed",
                    "id": str(holder.subscription_id),
                    "lease_seconds": background.LEASE_SECONDS,
                    "holds": [str(each) for each in holder.holds],
                }
            )
            await desk.serve()
        finally:
            await asyncio.shield(http_threads.call(_unsubscribe, holder.subscription_id, holder.epoch, desk.quits))


class _Desk:
    """What goes on with one worker while it is connected."""

    def __init__(self, socket: ApiSocket, subscription_id: UUID, epoch: int, keys: list[str]) -> None:
        self._socket = socket
        self._id = subscription_id
        self._epoch = epoch
        self._keys = keys
        self._frames: asyncio.Queue[dict[str, Any]] = asyncio.Queue(maxsize=16)

    async def serve(self) -> None:
        await until_first_ends(self._read(), self._send(), self._renew())

    async def _read(self) -> None:
        """The worker's frames, for whoever waits for one. One that gives notice has nothing more to say."""
        while True:
            frame = _object(await self._socket.receive_text())
            if frame.get("type") == "quit":
                raise Refuse(NORMAL, "")
            await self._frames.put(frame)

    async def _send(self) -> None:
        with current_watch().over(self._keys) as wake:
            while True:
                wake.clear()
                run = await http_threads.call(self._take)
                if run is None:
                    await wake.wait()
                    continue
                await self._socket.send_object(task_run_answer(run))
                if (await self._frames.get()).get("type") != "ack":
                    raise Refuse(PROTOCOL_VIOLATION, "Protocol violation: expected 'ack' message")
                await http_threads.call(self._acknowledge, run.pk)
                self._turn_keys(run.task_key)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(background.RENEW_SECONDS)
            if not await http_threads.call(self._renewed):
                raise Refuse(TRY_AGAIN_LATER, "taken for lost")

    def _turn_keys(self, last: str) -> None:
        """So that every key has its turn."""
        after = self._keys.index(last) + 1
        self._keys = self._keys[after:] + self._keys[:after]

    def _take(self) -> TaskRun | None:
        return background.take_next(subscription_id=self._id, epoch=self._epoch, task_keys=self._keys)

    def _acknowledge(self, task_run_id: UUID) -> None:
        background.acknowledge(subscription_id=self._id, epoch=self._epoch, task_run_id=task_run_id)

    def _renewed(self) -> bool:
        return background.renew(subscription_id=self._id, epoch=self._epoch)


class _SlotDesk(_Desk):
    """The same with a worker that holds several task runs until they have ended."""

    def __init__(self, socket: ApiSocket, holder: Holder, keys: list[str], slots: int) -> None:
        super().__init__(socket, holder.subscription_id, holder.epoch, keys)
        self.quits = False
        self._slots = slots
        self._in_hand = set(holder.holds)
        self._has_room = asyncio.Event()

    async def _read(self) -> None:
        while True:
            frame = _object(await self._socket.receive_text())
            kind, run_id = frame.get("type"), _uuid(frame.get("task_run_id"))
            if kind == "quit":
                self.quits = True
                raise Refuse(NORMAL, "")
            if kind == "slots":
                self._slots = _count(frame.get("slots"), least=0)
                self._has_room.set()
                continue
            if kind != "ack" or run_id is None:
                raise Refuse(PROTOCOL_VIOLATION, "Protocol violation: expected 'ack' message with a 'task_run_id'")
            await http_threads.call(self._acknowledge, run_id)
            self._in_hand.discard(run_id)
            self._has_room.set()

    async def _send(self) -> None:
        with current_watch().over(self._keys) as wake:
            while True:
                self._has_room.clear()
                if len(self._in_hand) >= self._slots:
                    await self._has_room.wait()
                    continue
                wake.clear()
                run = await http_threads.call(self._take)
                if run is None:
                    await wake.wait()
                    continue
                self._in_hand.add(run.pk)
                await self._socket.send_object(task_run_answer(run))
                self._turn_keys(run.task_key)


def _subscription(asked: dict[str, Any]) -> tuple[list[str], str]:
    """The keys and the name of the worker. Raises Refuse."""
    if asked.get("type") != "subscribe":
        raise Refuse(PROTOCOL_VIOLATION, "Protocol violation: expected 'subscribe' message")
    keys, client_id = asked.get("keys"), asked.get("client_id")
    if not isinstance(keys, list) or not keys or not all(isinstance(key, str) for key in keys):
        raise Refuse(PROTOCOL_VIOLATION, "Protocol violation: expected 'keys' in subscribe message")
    if not isinstance(client_id, str) or not client_id:
        raise Refuse(PROTOCOL_VIOLATION, "Protocol violation: expected 'client_id' in subscribe message")
    if len(keys) > MOST_KEYS:
        raise Refuse(PROTOCOL_VIOLATION, f"Protocol violation: more than {MOST_KEYS} keys in subscribe message")
    return list(dict.fromkeys(keys)), client_id


def _object(frame: str | bytes) -> dict[str, Any]:
    try:
        value = load_json(frame)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _slots(asked: dict[str, Any]) -> int | None:
    """How many task runs a worker that holds wants at most; None for one of the contract. Raises Refuse."""
    return None if asked.get("slots") is None else _count(asked["slots"], least=1)


def _count(slots: Any, *, least: int) -> int:
    if not isinstance(slots, int) or isinstance(slots, bool) or not least <= slots <= MOST_SLOTS:
        raise Refuse(PROTOCOL_VIOLATION, f"Protocol violation: 'slots' must be a number from {least} to {MOST_SLOTS}")
    return slots


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(value)
    except (TypeError, ValueError, AttributeError):
        return None


def _subscribe(client_id: str, keys: Sequence[str]) -> UUID:
    return background.subscribe(client_id=client_id, task_keys=keys)


def _connect_holder(asked: dict[str, Any], client_id: str, keys: Sequence[str], slots: int) -> Holder:
    resumes, executing = _uuid(asked.get("resumes")), asked.get("executing")
    if not isinstance(executing, list):
        resumes, executing = None, []
    known = [run_id for each in executing[:MOST_SLOTS] if (run_id := _uuid(each))]
    return background.connect_holder(client_id=client_id, task_keys=keys, slots=slots, resumes=resumes, executing=known)


def _unsubscribe(subscription_id: UUID, epoch: int, for_good: bool = True) -> None:
    background.unsubscribe(subscription_id=subscription_id, epoch=epoch, for_good=for_good)
