"""The event sockets of the contract: events in, and events out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID

from django.db.models import Max
from pydantic import ValidationError

from orchestrator.accounts.roles import Role
from orchestrator.contract.times import now
from orchestrator.events.filters import EventFilter
from orchestrator.events.models import Event
from orchestrator.events.parsing import BadEvent, parse_event
from orchestrator.events.pipeline import NotYetStored, pipeline
from orchestrator.live.hub import EventSubscription, current_hub
from orchestrator.live.sockets import (
    PROTOCOL_ERROR,
    SERVICE_RESTART,
    ApiSocket,
    Refuse,
    until_first_ends,
)
from orchestrator.rest.json import dump
from orchestrator.web.threads import http_threads

logger = logging.getLogger(__name__)

BACKFILL_SECONDS = 15 * 60.0  # how far back a subscriber may look
BACKFILL_PAGE = 250
# An event that was read from the log can also arrive live, but only soon after.
REMEMBER_SECONDS = 60.0
MOST_BEHIND = 20_000  # numbers that live events may be behind the newest one


class EventsIn(ApiSocket):
    """Each frame is one event. A frame that is none is passed over with a warning; the others are not touched by it.

    The PONG to a client's PING is its receipt: all events that it sent before are stored.
    """

    least_role = Role.OPERATOR

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

    `"backfill": false` leaves out what is stored already. A client that reads slower than events come is sent them
    from the log.
    """

    async def converse(self) -> None:
        asked = await self.receive_object()
        if asked.get("type") != "filter":
            raise Refuse(PROTOCOL_ERROR, "Expected 'filter' message")
        try:
            wanted = EventFilter.model_validate(asked.get("filter"))
        except ValidationError as error:
            raise Refuse(PROTOCOL_ERROR, f"Invalid filter: {error.error_count()} errors") from None
        live = EventSubscription(wanted.predicate())
        sent = SentNumbers(await http_threads.call(last_number))
        hub = current_hub()
        await hub.watch_events(live.offer)
        try:
            await until_first_ends(
                self._deliver(wanted, live, sent, asked.get("backfill") is not False), self.watch_for_close()
            )
        finally:
            await hub.unwatch_events(live.offer)

    async def _deliver(self, wanted: EventFilter, live: EventSubscription, sent: SentNumbers, backfill: bool) -> None:
        if backfill:
            await self._send_stored(wanted, sent)
        while True:
            missed_from, events = await live.take_or_missed()
            if missed_from is not None:
                await self._send_missed(live, missed_from, sent)
            for event in events:
                if event.sequence not in sent:
                    await self.send_text(frame_of(event))
            sent.forget_in_time()

    async def _send_stored(self, wanted: EventFilter, sent: SentNumbers) -> None:
        """The events of the last minutes, in the order in which they occurred."""
        after: tuple[datetime, UUID] | None = None
        at = now()
        while page := await http_threads.call(stored_events, wanted, at, after):
            await self._send_page(page, sent)
            after = (page[-1].occurred, page[-1].id)
            if len(page) < BACKFILL_PAGE:
                return

    async def _send_missed(self, live: EventSubscription, number: int, sent: SentNumbers) -> None:
        """The events from this number on, in the order in which they arrived.

        What is stored only now with a number that was passed already comes live, as everything new does.
        """
        while page := await http_threads.call(stored_from, number):
            await self._send_page([event for event in page if live.wants(event) and event.sequence not in sent], sent)
            number = page[-1].sequence + 1
            if len(page) < BACKFILL_PAGE:
                return

    async def _send_page(self, page: list[Event], sent: SentNumbers) -> None:
        for event in page:
            await self.send_text(frame_of(event))
            sent.add(event.sequence)


class SentNumbers:
    """Which events were sent from the log, and so must not be sent when they come live as well.

    Only what was stored at about the time at which the socket began to listen, or later, can come twice, and only
    soon after it was read.
    """

    def __init__(self, last_before: int) -> None:
        self._first = last_before - MOST_BEHIND
        self._numbers: set[int] = set()
        self._forget_at = 0.0

    def __contains__(self, number: int) -> bool:
        return number in self._numbers

    def add(self, number: int) -> None:
        if number > self._first:
            self._numbers.add(number)
            self._forget_at = monotonic() + REMEMBER_SECONDS

    def forget_in_time(self) -> None:
        if self._numbers and monotonic() > self._forget_at:
            self._numbers.clear()


def last_number() -> int:
    return Event.objects.aggregate(last=Max("sequence"))["last"] or 0


def stored_events(wanted: EventFilter, at: datetime, after: tuple[datetime, UUID] | None) -> list[Event]:
    """The next page of the backfill that was begun `at`, oldest first."""
    horizon = at - timedelta(seconds=BACKFILL_SECONDS)
    rows = Event.objects.filter(wanted.condition(now()), occurred__gte=horizon)
    if after:
        rows = rows.later_than(*after)
    return list(rows.oldest_first()[:BACKFILL_PAGE])


def stored_from(number: int) -> list[Event]:
    """The next events from this number on."""
    return list(Event.objects.filter(sequence__gte=number).order_by("sequence")[:BACKFILL_PAGE])


def frame_of(event: Event) -> str:
    """The frame that carries the event. Made once, however many sockets send it."""
    frame: str | None = event.__dict__.get("_frame")
    if frame is None:
        message: dict[str, Any] = {"type": "event", "event": event.to_wire()}
        frame = dump(message).decode()
        event.__dict__["_frame"] = frame
    return frame
