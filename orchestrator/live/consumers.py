"""The event sockets of the contract: events in, and events out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from orchestrator.contract.times import now
from orchestrator.events.filters import EventFilter
from orchestrator.events.models import Event
from orchestrator.events.parsing import BadEvent, parse_event
from orchestrator.events.pipeline import NotYetStored, pipeline
from orchestrator.live.hub import Subscription, TooSlow, current_hub
from orchestrator.live.sockets import (
    PROTOCOL_ERROR,
    SERVICE_RESTART,
    TRY_AGAIN_LATER,
    ApiSocket,
    Refuse,
    until_first_ends,
)
from orchestrator.rest.json import dump
from orchestrator.web.threads import http_threads

logger = logging.getLogger(__name__)

BACKFILL_SECONDS = 15 * 60.0  # how far back a subscriber may look
BACKFILL_PAGE = 250
# An event of the backfill can also arrive live, but only soon after the socket began to listen.
REMEMBER_SECONDS = 60.0


class EventsIn(ApiSocket):
    """Each frame is one event. A frame that is none is passed over with a warning; the others are not touched by it.

    The PONG to a client's PING is its receipt: all events that it sent before are stored.
    """

    async def converse(self) -> None:
        self.want_pings()
        while True:
            frame = await self.receive_text()
            try:
                event = parse_event(frame)
            except BadEvent as error:
                logger.warning("A client reported something that is no event: %s", error)
                continue
            try:
                # While there is no room nothing is read from the socket, so its sender has to wait.
                while not pipeline.offer(event, len(frame)):
                    await pipeline.room()
            except NotYetStored:
                raise Refuse(SERVICE_RESTART, "the server is stopping") from None

    def pinged(self, answer: Callable[[], None]) -> None:
        pipeline.when_stored(answer)


class EventsOut(ApiSocket):
    """The client says what it wants, then gets every such event: those of the last minutes first, then the new ones.

    `"backfill": false` leaves out what is stored already.
    """

    async def converse(self) -> None:
        asked = await self.receive_object()
        if asked.get("type") != "filter":
            raise Refuse(PROTOCOL_ERROR, "Expected 'filter' message")
        try:
            wanted = EventFilter.model_validate(asked.get("filter") or {})
        except ValidationError as error:
            raise Refuse(PROTOCOL_ERROR, f"Invalid filter: {error.error_count()} errors") from None
        live: Subscription[Event] = Subscription(wanted.predicate())
        hub = current_hub()
        await hub.watch_events(live.offer)
        try:
            await until_first_ends(
                self._deliver(wanted, live, asked.get("backfill") is not False), self.watch_for_close()
            )
        finally:
            await hub.unwatch_events(live.offer)

    async def _deliver(self, wanted: EventFilter, live: Subscription[Event], backfill: bool) -> None:
        sent: set[UUID] = set()
        forget_at = monotonic() + REMEMBER_SECONDS
        if backfill:
            await self._send_stored(wanted, sent)
        while True:
            try:
                events = await live.take()
            except TooSlow:
                # The client comes back and asks for what it missed.
                raise Refuse(TRY_AGAIN_LATER, "too far behind") from None
            for event in events:
                if event.id not in sent:
                    await self.send_text(frame_of(event))
            if sent and monotonic() > forget_at:
                sent.clear()

    async def _send_stored(self, wanted: EventFilter, sent: set[UUID]) -> None:
        after: tuple[datetime, UUID] | None = None
        at = now()
        while page := await http_threads.call(stored_events, wanted, at, after):
            for event in page:
                await self.send_text(frame_of(event))
                sent.add(event.id)
            after = (page[-1].occurred, page[-1].id)
            if len(page) < BACKFILL_PAGE:
                return


def stored_events(wanted: EventFilter, at: datetime, after: tuple[datetime, UUID] | None) -> list[Event]:
    """The next page of the backfill that was begun `at`, oldest first."""
    horizon = at - timedelta(seconds=BACKFILL_SECONDS)
    rows = Event.objects.filter(wanted.condition(now()), occurred__gte=horizon)
    if after:
        rows = rows.later_than(*after)
    return list(rows.oldest_first()[:BACKFILL_PAGE])


def frame_of(event: Event) -> str:
    """The frame that carries the event. Made once, however many sockets send it."""
    frame: str | None = event.__dict__.get("_frame")
    if frame is None:
        message: dict[str, Any] = {"type": "event", "event": event.to_wire()}
        frame = dump(message).decode()
        event.__dict__["_frame"] = frame
    return frame
