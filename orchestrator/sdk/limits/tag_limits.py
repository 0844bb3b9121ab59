"""Concurrency limits of tags: a task run with a limited tag begins when a slot is free.

The limit of a tag is called `tag:<tag>`. Most tags have none: that is remembered for a while (`known_tags`), and one
run asks for all that begin meanwhile, so that a task costs no request. While the server is away, tags of which no limit
is known hold nobody up.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.configuration.settings import drain_seconds
from orchestrator.sdk.context import current_task_run
from orchestrator.sdk.engine.conversation import Block, Conversation, Sleep
from orchestrator.sdk.errors import ApiError, ServerUnreachable, SlotsUnavailable
from orchestrator.sdk.events import Event
from orchestrator.sdk.limits.known_tags import KnownTags, known_tags
from orchestrator.sdk.limits.leases import Lease
from orchestrator.sdk.limits.slots import LONGEST_PAUSE_SECONDS, UNTOLD_PAUSE_SECONDS, tell

if TYPE_CHECKING:
    from orchestrator.sdk.tasks.task_run import TaskRun

_LEASE_SECONDS = 60.0
_SLICE_SECONDS = 0.5  # a run that is stopped while it waits hears of it after this time
_BUSY_SECONDS = 10.0
_LEAVING_SECONDS = 2.0  # patience with a server that is away, when the process is going away too


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
    known = known_tags(client)
    waits = False
    while True:
        if known.are_unlimited(tags):
            return None
        answer = yield Block(lambda: _ask(client, run, tags, known))
        if not isinstance(answer, float):
            return answer
        if not waits:
            run.logger.info(f"Waits for slots of its tags: {', '.join(tags)}")
            waits = True
        deadline = time.monotonic() + answer
        while (left := deadline - time.monotonic()) > 0:
            yield Sleep(min(left, _SLICE_SECONDS))


def _ask(client: Client, run: TaskRun, tags: tuple[str, ...], known: KnownTags) -> TagSlots | float | None:
    """The slots; None when there are no limits; or seconds after which to ask again."""
    if not known.are_limited(tags):
        with known.turn(tags):
            if known.are_unlimited(tags):
                return None
            if not known.are_limited(tags):
                return _taken(client, run, tags, known, limited=False)
    return _taken(client, run, tags, known, limited=True)


def _taken(
    client: Client, run: TaskRun, tags: tuple[str, ...], known: KnownTags, *, limited: bool
) -> TagSlots | float | None:
    """`limited` is whether one of the tags is known to have a limit."""
    body = {
        "names": [f"tag:{tag}" for tag in tags],
        "slots": 1,
        "mode": "concurrency",
        "lease_duration": _LEASE_SECONDS,
        "holder": {"type": "task_run", "id": run.id},
    }
    path = "/v2/concurrency_limits/increment-with-lease"
    try:
        answer = _answer(client, path, body, patience_seconds=drain_seconds() if limited else 0)
    except ServerUnreachable as error:
        if limited:
            raise SlotsUnavailable(f"No slots of tags {', '.join(tags)}: {error}") from error
        known.note_unlimited(tags)
        return None
    except ApiError as error:
        if error.status == 423:
            known.note_limited([tag for tag in tags if not known.are_unlimited((tag,))] or tags)
            told = error.retry_after_seconds
            return min(UNTOLD_PAUSE_SECONDS if told is None else told, LONGEST_PAUSE_SECONDS)
        if error.status == 422:
            raise SlotsUnavailable(f"A limit of tags {', '.join(tags)} lets no run in: {error}") from error
        if limited:
            raise SlotsUnavailable(f"No slots of tags {', '.join(tags)}: {error}") from error
        known.note_unlimited(tags)  # a server without such limits
        return None
    limits = answer.get("limits") or []
    if not limits:
        known.note_unlimited(tags)
        return None
    named = {str(limit["name"]).removeprefix("tag:") for limit in limits}
    for tag in named:
        known.note_limited([tag])
    known.note_unlimited(tag for tag in tags if tag not in named)
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
