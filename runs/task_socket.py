"""The socket of task workers: `/task_runs/subscriptions/scheduled`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson

from orchestrator.live.sockets import TRY_AGAIN_LATER, ApiSocket, Refuse, until_first_ends
from orchestrator.rest.json import load_json
from orchestrator.web.threads import http_threads
from runs.api.answers import task_run_answer
from runs.models import TaskRun
from runs.queue_watch import current_watch
from runs.services import background

PROTOCOL_VIOLATION = 4001
NORMAL = 1000
MOST_KEYS = 1000


class ScheduledTaskRuns(ApiSocket):
    """The worker says which tasks it knows, and is sent their runs one by one; each has to be acknowledged."""

    async def converse(self) -> None:
        keys, client_id = _subscription(await self.receive_object())
        subscription_id = await http_threads.call(_subscribe, client_id, keys)
        try:
            await _Desk(self, subscription_id, keys).serve()
        finally:
            # Also when the server stops in this moment; should even this be lost, the lease ends by itself.
            await asyncio.shield(http_threads.call(_unsubscribe, subscription_id))


class _Desk:
    """What goes on with one worker while it is connected."""

    def __init__(self, socket: ApiSocket, subscription_id: UUID, keys: list[str]) -> None:
        self._socket = socket
        self._id = subscription_id
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
        return background.take_next(subscription_id=self._id, task_keys=self._keys)

    def _acknowledge(self, task_run_id: UUID) -> None:
        background.acknowledge(subscription_id=self._id, task_run_id=task_run_id)

    def _renewed(self) -> bool:
        return background.renew(subscription_id=self._id)


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


def _subscribe(client_id: str, keys: Sequence[str]) -> UUID:
    return background.subscribe(client_id=client_id, task_keys=keys)


def _unsubscribe(subscription_id: UUID) -> None:
    background.unsubscribe(subscription_id=subscription_id)
