"""What happened, on its way to the server: one thread per process sends task-run events and logs in batches.

Nothing here holds up a run. While the server is away, items wait and are sent again; each has an id of its own, so
that the server recognises what it already has. They wait on disk (`journal`), so that they outlive the process; where
nothing can be written, in memory.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from orchestrator.sdk.configuration import settings
from orchestrator.sdk.errors import ServerUnreachable
from orchestrator.sdk.recording.journal import Journal
from orchestrator.sdk.recording.journal_lines import Batch, End
from orchestrator.sdk.recording.lanes import Item, Lane, Written
from orchestrator.sdk.recording.replaying import ATTEMPT_SECONDS, send_all_left_behind, tell_end
from orchestrator.sdk.recording.sending import BATCH_ITEMS, EVENTS, LOGS, how_many_fit, send_items
from orchestrator.sdk.values.json_values import encode

if TYPE_CHECKING:
    from orchestrator.sdk.api.client import Client

BATCH_SECONDS = 0.1  # how long an item waits for company
_KEEP_SECONDS = 0.25  # while the server is away, what happens is on disk after so long
_LAST_WORD_SECONDS = 2.0  # what the end of the process waits when the end of a run has waited in vain
_LOOK_SECONDS = 60.0  # how often a process looks for what others left behind


class _SetAside(Exception):
    """What was being sent is in the journal now; it is tried again after so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


class Delivery:
    """The way of events and logs to one server."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.journal = Journal(client.transport.address)
        self.start_anew()

    def start_anew(self) -> None:
        """Forget everything, thread and journal included. Used at the start and in a forked child."""
        self.journal.forget()
        self._changed = threading.Condition()
        self._keeping = threading.Lock()
        self._lanes = (Lane(EVENTS), Lane(LOGS))
        self._sending: tuple[Lane, list[bytes]] | None = None  # what no journal has while it is under way
        self._thread: threading.Thread | None = None
        self._urgent = False
        self._look_at = 0.0
        self._has_looked = False
        self.away = False  # the server did not answer when it was last asked
        self.out_of_patience = False  # somebody waited in vain, and nothing has arrived since

    def put_event(self, event: Item) -> None:
        self._put(self._lanes[0], event)

    def put_log(self, log: Item) -> None:
        self._put(self._lanes[1], log)

    def flush(self, timeout_seconds: float | None = None, *, when_away: Callable[[], None] | None = None) -> bool:
        """Wait until everything that was put before this call has arrived; None waits as long as the setting says.

        False when time ran out: what is left stays queued. `when_away` is called, once, when the server is away.
        """
        limit = settings.drain_seconds() if timeout_seconds is None else timeout_seconds
        deadline = time.monotonic() + limit
        goals: list[int] | None = None
        while True:
            with self._changed:
                goals = goals or [lane.put for lane in self._lanes]
                while any(lane.settled < goal for lane, goal in zip(self._lanes, goals, strict=True)):
                    left = deadline - time.monotonic()
                    if left <= 0:
                        self.out_of_patience = True
                        return False
                    if self.away and when_away is not None:
                        break
                    self._urgent = True
                    self._start_thread()
                    self._changed.notify_all()
                    self._changed.wait(min(left, 1.0))
                else:
                    return True
            when_away()
            when_away = None

    def waiting(self) -> int:
        """How many items have not arrived yet."""
        with self._changed:
            return sum(lane.put - lane.settled for lane in self._lanes)

    def leave_end(self, end_id: str) -> None:
        """Send this end of a run, which the journal keeps, as soon as the server is back."""
        self.journal.leave(end_id)
        with self._changed:
            self._start_thread()
            self._changed.notify_all()

    def keep_the_rest(self) -> bool:
        """Put everything that has not arrived into the journal, because the process ends. False when it cannot be."""
        with self._keeping:
            kept = self._sending is None or self._journalled(*self._sending) == len(self._sending[1])
        kept = self._keep() and kept
        self.journal.sync()
        return kept

    def wait_for_left_behind(self, timeout_seconds: float) -> None:
        """Wait until what earlier processes left behind was looked for, and sent."""
        deadline = time.monotonic() + timeout_seconds
        with self._changed:
            while self._thread is not None and not self._has_looked and not self.away:
                left = deadline - time.monotonic()
                if left <= 0:
                    return
                self._changed.wait(min(left, 0.2))

    def _put(self, lane: Lane, item: Item) -> None:
        with self._changed:
            lane.add(item)
            if self._thread is None:
                self._start_thread()
            elif len(lane.items) == 1 or len(lane.items) == BATCH_ITEMS:
                self._changed.notify_all()

    def _start_thread(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._deliver, name="orchestrator-delivery", daemon=True)
            self._thread.start()
            _flush_at_exit(self)

    def _deliver(self) -> None:
        changed = self._changed
        while True:
            with changed:
                while not any(lane.items for lane in self._lanes) and not self.journal.holds_something:
                    self._urgent = False
                    changed.wait()
                if not self._urgent and all(len(lane.items) < BATCH_ITEMS for lane in self._lanes):
                    changed.wait(BATCH_SECONDS)
            try:
                self._send_journal()
                for lane in self._lanes:
                    self._send_some(lane)
                self._look_for_left_behind()
            except _SetAside as aside:
                self._pause(aside.seconds)

    # --- what has just happened

    def _send_some(self, lane: Lane) -> None:
        """Send what waits in memory. Raises _SetAside when it went into the journal instead."""
        with self._keeping, self._changed:
            batch = [lane.items.popleft() for _ in range(min(len(lane.items), BATCH_ITEMS))]
        bodies = self._written(lane, batch)
        while bodies:
            part = bodies[: how_many_fit(bodies)]
            with self._keeping:
                self._sending = (lane, bodies)
            self._send(lane, part, self._aside)
            with self._keeping:
                self._sending = None
                del bodies[: len(part)]
            self._arrived(lane, len(part))

    def _aside(self, seconds: float) -> None:
        """Instead of waiting with it in memory, keep it on disk."""
        with self._keeping:
            if self._sending is not None and not self.journal.is_full and (kept := self._journalled(*self._sending)):
                lane, bodies = self._sending
                self._sending = None
                self._put_back(lane, bodies[kept:])
                raise _SetAside(seconds)
        self._pause(seconds)

    def _written(self, lane: Lane, batch: Sequence[Item | Written]) -> list[bytes]:
        """The items as JSON. One that cannot be written is given up: it must not end the thread that sends the rest."""
        bodies = []
        for item in batch:
            try:
                bodies.append(item.body if isinstance(item, Written) else encode(item.to_wire()))
            except Exception as error:  # noqa: BLE001 - an item holds what authors made, whose methods raise anything
                lane.warn(f"one of the {lane.label} cannot be written and is given up: {error!r}", always=True)
                with self._changed:
                    lane.settled += 1
                    self._changed.notify_all()
        return bodies

    def _send(self, lane: Lane, bodies: list[bytes], wait: Callable[[float], None]) -> None:
        """Until the server has taken or refused them."""
        while True:
            try:
                send_items(
                    self._client,
                    lane.path,
                    bodies,
                    patience_seconds=ATTEMPT_SECONDS,
                    wait=wait,
                    refused=lambda count, error: lane.warn(
                        f"the server refused {count} {lane.label}: {error}", always=True
                    ),
                )
                lane.warned = False
                return
            except ServerUnreachable as error:
                lane.warn(f"the server does not take {lane.label} ({error}); they wait and are sent again")
                wait(0.2)

    def _arrived(self, lane: Lane, count: int) -> None:
        if self.journal.is_full:
            self.journal.make_room()
        with self._changed:
            self.away = False
            self.out_of_patience = False
            lane.settled += count
            self._changed.notify_all()

    # --- what the journal keeps

    def _pause(self, seconds: float) -> None:
        """Wait for a server that is away, and keep what happens meanwhile."""
        with self._changed:
            self.away = True
            self._changed.notify_all()
        deadline = time.monotonic() + seconds
        while True:
            if self.journal.is_full:
                self._write_down()
            else:
                self._keep()
            left = deadline - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, _KEEP_SECONDS))

    def _keep(self) -> bool:
        """Move what waits in memory into the journal. False when some of it had to stay in memory."""
        if not self.journal.usable:
            return not any(lane.items for lane in self._lanes)
        all_kept = True
        with self._keeping:
            for lane in self._lanes:
                with self._changed:
                    batch = list(lane.items)
                    lane.items.clear()
                bodies = self._written(lane, batch)
                kept = self._journalled(lane, bodies)
                if kept < len(bodies):
                    all_kept = False
                    self._put_back(lane, bodies[kept:])
        return all_kept

    def _write_down(self) -> None:
        """While the journal is full: what was put since the last look waits as JSON, each item written once, so that it
        keeps nothing of its run alive."""
        with self._keeping:
            for lane in self._lanes:
                with self._changed:
                    fresh = lane.take_unwritten()
                bodies = self._written(lane, fresh)
                with self._changed:
                    later = lane.take_unwritten()
                    lane.items.extend(Written(body) for body in bodies)
                    lane.items.extend(later)

    def _put_back(self, lane: Lane, bodies: list[bytes]) -> None:
        with self._changed:
            lane.items.extendleft(Written(body) for body in reversed(bodies))

    def _journalled(self, lane: Lane, bodies: list[bytes]) -> int:
        """How many of them, from the first, are in the journal now."""
        kept = 0
        while kept < len(bodies):
            count = how_many_fit(bodies[kept:])
            if not self.journal.keep(Batch(lane.path, bodies[kept : kept + count])):
                lane.warn(f"{self.journal.trouble}; {lane.label} wait in memory")
                break
            kept += count
        return kept

    def _send_journal(self) -> None:
        """Send what was kept, in the order in which it happened. New things wait meanwhile."""
        while self.journal.holds_something:
            entry, mark = self.journal.next()
            if isinstance(entry, Batch):
                lane = next(lane for lane in self._lanes if lane.path == entry.path)
                self._send(lane, entry.bodies, self._pause)
                self.journal.sent(mark)
                self._arrived(lane, len(entry.bodies))
                continue
            if isinstance(entry, End) and not self.journal.is_waited_for(entry.id):
                tell_end(self._client, entry, wait=self._pause)
                self.journal.told(entry.id)
            self.journal.sent(mark)

    def _look_for_left_behind(self) -> None:
        if time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + _LOOK_SECONDS
        send_all_left_behind(self._client, self.journal.address, wait=self._pause)
        with self._changed:
            self._has_looked = True
            self._changed.notify_all()


_at_exit: list[Delivery] = []


def _flush_at_exit(delivery: Delivery) -> None:
    if not _at_exit:
        atexit.register(_flush_all)
    if delivery not in _at_exit:
        _at_exit.append(delivery)


def _flush_all() -> None:
    deadline = time.monotonic() + settings.drain_seconds()
    for delivery in _at_exit:
        left = max(0.1, deadline - time.monotonic())
        if delivery.flush(min(left, _LAST_WORD_SECONDS) if delivery.out_of_patience else left):
            delivery.wait_for_left_behind(max(0.1, deadline - time.monotonic()))
            continue
        from orchestrator.sdk.recording.logs import sdk_logger

        count = delivery.waiting()
        text = (
            f"{count} events and logs did not reach the server within "
            f"{settings.drain_seconds():g} seconds (ORCHESTRATOR_DRAIN_SECONDS)"
        )
        if delivery.keep_the_rest():
            sdk_logger().warning(
                f"{text}; they are kept in {delivery.journal.file}, and sent by the next process here that reaches the "
                "server, or by `orchestrator journal send`"
            )
        else:
            sdk_logger().error(f"{text}; they are lost, because {delivery.journal.trouble}")
