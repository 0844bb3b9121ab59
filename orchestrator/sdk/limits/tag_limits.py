"""Concurrency limits of tags: a task run with a limited tag begins when a slot is free.

The limit of a tag is called `tag:<tag>`. Most tags have none: that is remembered for a while, so that a task costs no
request. While the server is away, tags of which no limit is known hold nobody up.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.configuration.settings import drain_seconds
from orchestrator.sdk.context import current_task_run
from orchestrator.sdk.engine.conversation import Block, Conversation, Sleep
from orchestrator.sdk.errors import ApiError, ServerUnreachable, SlotsUnavailable
from orchestrator.sdk.events import Event
from orchestrator.sdk.limits.leases import Lease
from orchestrator.sdk.limits.slots import LONGEST_PAUSE_SECONDS, UNTOLD_PAUSE_SECONDS, tell

if TYPE_CHECKING:
    from orchestrator.sdk.tasks.task_run import TaskRun

UNLIMITED_FOR_SECONDS = 10.0  # how long it is believed that tags have no limit
_LEASE_SECONDS = 60.0
_SLICE_SECONDS = 0.5  # a run that is stopped while it waits hears of it after this time
_BUSY_SECONDS = 10.0
_LEAVING_SECONDS = 2.0  # patience with a server that is away, when the process is going away too

_lock = threading.Lock()
_unlimited_until: WeakKeyDictionary[Client, dict[tuple[str, ...], float]] = WeakKeyDictionary()
_limited: WeakKeyDictionary[Client, set[tuple[str, ...]]] = WeakKeyDictionary()


class TagSlots:
    """The slots of one attempt of a task run."""

    def __init__(self, run: TaskRun, lease: Lease, limits: list[dict[str, Any]]) -> None:
        self._run = run
        self._lease = lease
        self._limits = limits
        self._acquired = self._tell("acquired")

    def release(self) -> None:
        """Give them back."""
        self._lease.release()
        self._tell("released", self._acquired)

    def leave(self) -> None:
        """Give them back in a hurry: what executes the run is going away."""
        self._lease.release(patience_seconds=_LEAVING_SECONDS)

    def _tell(self, phase: str, before: list[Event] | None = None) -> list[Event]:
        token = current_task_run.set(self._run)
        try:
            return tell(phase, self._limits, 1, before)
        finally:
            current_task_run.reset(token)


def tag_slots(run: TaskRun, client: Client) -> Conversation:
    """Wait until each limited tag of the run has a slot for it. Returns TagSlots, or None when no tag is limited.

    Raises SlotsUnavailable when a limit lets nobody in, or when the server of a known limit is away for long.
    """
    tags = tuple(run.tags)
    waits = False
    while True:
        if _is_unlimited(client, tags):
            return None
        answer = yield Block(lambda: _ask(client, run, tags))
        if not isinstance(answer, float):
            return answer
        if not waits:
            run.logger.info(f"Waits for slots of its tags: {', '.join(tags)}")
            waits = True
        deadline = time.monotonic() + answer
        while (left := deadline - time.monotonic()) > 0:
            yield Sleep(min(left, _SLICE_SECONDS))


def _ask(client: Client, run: TaskRun, tags: tuple[str, ...]) -> TagSlots | float | None:
    """The slots; None when there are no limits; or seconds after which to ask again."""
    known = tags in _limited.get(client, ())
    body = {
        "names": [f"tag:{tag}" for tag in tags],
        "slots": 1,
        "mode": "concurrency",
        "lease_duration": _LEASE_SECONDS,
        "holder": {"type": "task_run", "id": run.id},
    }
    path = "/v2/concurrency_limits/increment-with-lease"
    try:
        answer = _answer(client, path, body, patience_seconds=drain_seconds() if known else 0)
    except ServerUnreachable as error:
        if known:
            raise SlotsUnavailable(f"No slots of tags {', '.join(tags)}: {error}") from error
        _no_limits(client, tags)
        return None
    except ApiError as error:
        if error.status == 423:
            _remember_limited(client, tags)
            told = error.retry_after_seconds
            return min(UNTOLD_PAUSE_SECONDS if told is None else told, LONGEST_PAUSE_SECONDS)
        if error.status == 422:
            raise SlotsUnavailable(f"A limit of tags {', '.join(tags)} lets no run in: {error}") from error
        if known:
            raise SlotsUnavailable(f"No slots of tags {', '.join(tags)}: {error}") from error
        _no_limits(client, tags)  # a server without such limits
        return None
    limits = answer.get("limits") or []
    if not limits:
        _no_limits(client, tags)
        return None
    _remember_limited(client, tags)
    lease = Lease(client, str(answer["lease_id"]), seconds=_LEASE_SECONDS, raises=False, quiet=False)
    lease.keep()
    return TagSlots(run, lease, limits)


def _answer(client: Client, path: str, body: dict[str, Any], *, patience_seconds: float) -> Any:
    """That of the server. One that is busy is there, and may know of a limit: it is given a little time."""
    try:
        return client.ask("POST", path, body, patience_seconds=patience_seconds)
    except ServerUnreachable as error:
        if not error.is_busy or patience_seconds >= _BUSY_SECONDS:
            raise
        return client.ask("POST", path, body, patience_seconds=_BUSY_SECONDS)


def _is_unlimited(client: Client, tags: tuple[str, ...]) -> bool:
    return _unlimited_until.get(client, {}).get(tags, 0.0) > time.monotonic()


def _no_limits(client: Client, tags: tuple[str, ...]) -> None:
    with _lock:
        _unlimited_until.setdefault(client, {})[tags] = time.monotonic() + UNLIMITED_FOR_SECONDS
        _limited.get(client, set()).discard(tags)


def _remember_limited(client: Client, tags: tuple[str, ...]) -> None:
    with _lock:
        _limited.setdefault(client, set()).add(tags)
