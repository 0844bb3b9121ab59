"""What happened, on its way to the server: one thread per process sends task-run events and logs in batches.

Nothing here holds up a run. While the server is away, items wait and are sent again; each has an id of its own, so
that the server recognises what it already has.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

from orchestrator.sdk import settings
from orchestrator.sdk.errors import ApiError, ServerUnreachable
from orchestrator.sdk.json_values import encode

if TYPE_CHECKING:
    from orchestrator.sdk.client import Client

BATCH_SECONDS = 0.1  # how long an item waits for company
BATCH_ITEMS = 500
BATCH_BYTES = 2_000_000
MAX_WAITING = 200_000  # items of one kind that wait while the server is away; then the oldest are given up
_ATTEMPT_SECONDS = 5.0  # one try of a batch; between tries the thread looks whether it should stop
_MOST_SERVER_ERRORS = 8  # about 30 seconds of pauses, before one item of the batch is taken for the cause
_LAST_WORD_SECONDS = 2.0  # what the end of the process waits when the end of a run has waited in vain


class Item(Protocol):
    def to_wire(self) -> dict[str, Any]:
        """The item as the API takes it. Called once, in the sending thread."""
        ...


class Delivery:
    """The way of events and logs to one server."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.start_anew()

    def start_anew(self) -> None:
        """Forget everything, thread included. Used at the start and in a forked child."""
        self._changed = threading.Condition()
        self._lanes = (_Lane("/events"), _Lane("/logs/"))
        self._thread: threading.Thread | None = None
        self._urgent = False
        self.out_of_patience = False  # somebody waited in vain, and nothing has arrived since

    def put_event(self, event: Item) -> None:
        self._put(self._lanes[0], event)

    def put_log(self, log: Item) -> None:
        self._put(self._lanes[1], log)

    def flush(self, timeout_seconds: float | None = None) -> bool:
        """Wait until everything that was put before this call has arrived; None waits as long as the setting says.

        False when time ran out: what is left stays queued.
        """
        limit = settings.drain_seconds() if timeout_seconds is None else timeout_seconds
        deadline = time.monotonic() + limit
        with self._changed:
            goals = [lane.put for lane in self._lanes]
            while any(lane.settled < goal for lane, goal in zip(self._lanes, goals, strict=True)):
                left = deadline - time.monotonic()
                if left <= 0:
                    self.out_of_patience = True
                    return False
                self._urgent = True
                self._start_thread()
                self._changed.notify_all()
                self._changed.wait(min(left, 1.0))
        return True

    def waiting(self) -> int:
        """How many items have not arrived yet."""
        with self._changed:
            return sum(lane.put - lane.settled for lane in self._lanes)

    def _put(self, lane: _Lane, item: Item) -> None:
        with self._changed:
            lane.items.append(item)
            lane.put += 1
            if len(lane.items) > MAX_WAITING:
                lane.give_up_oldest()
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
                while not any(lane.items for lane in self._lanes):
                    self._urgent = False
                    changed.wait()
                if not self._urgent and all(len(lane.items) < BATCH_ITEMS for lane in self._lanes):
                    changed.wait(BATCH_SECONDS)
            for lane in self._lanes:
                self._send_some(lane)

    def _send_some(self, lane: _Lane) -> None:
        with self._changed:
            batch = [lane.items.popleft() for _ in range(min(len(lane.items), BATCH_ITEMS))]
        bodies = self._written(lane, batch)
        while bodies:
            count = _how_many_fit(bodies)
            self._send_until_taken(lane, bodies[:count])
            del bodies[:count]
            with self._changed:
                self.out_of_patience = False
                lane.settled += count
                self._changed.notify_all()

    def _written(self, lane: _Lane, batch: list[Item]) -> list[bytes]:
        """The items as JSON. One that cannot be written is given up: it must not end the thread that sends the rest."""
        bodies = []
        for item in batch:
            try:
                bodies.append(encode(item.to_wire()))
            except Exception as error:  # noqa: BLE001 - an item holds what authors made, whose methods raise anything
                lane.warn(f"one of the {lane.label} cannot be written and is given up: {error!r}", always=True)
                with self._changed:
                    lane.settled += 1
                    self._changed.notify_all()
        return bodies

    def _send_until_taken(self, lane: _Lane, bodies: list[bytes], *, errors: int = 0) -> None:
        """`errors` counts the answers of 500 and above; a part of a batch takes over the count of the whole."""
        while True:
            try:
                self._client.send("POST", lane.path, b"[" + b",".join(bodies) + b"]", patience_seconds=_ATTEMPT_SECONDS)
                lane.warned = False
                return
            except ServerUnreachable as error:
                lane.warn(f"the server does not take {lane.label} ({error}); they wait and are sent again")
                time.sleep(0.2)
            except ApiError as error:
                if error.status >= 500 and errors < _MOST_SERVER_ERRORS:
                    errors += 1
                    time.sleep(min(0.2 * 2**errors, _ATTEMPT_SECONDS))
                elif len(bodies) > 1 and error.status not in {401, 403, 404}:
                    # One bad item must not take its neighbours with it.
                    middle = len(bodies) // 2
                    self._send_until_taken(lane, bodies[:middle], errors=errors)
                    self._send_until_taken(lane, bodies[middle:], errors=errors)
                    return
                else:
                    lane.warn(f"the server refused {len(bodies)} {lane.label}: {error}", always=True)
                    return


class _Lane:
    """One kind of item, in order."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.label = path.strip("/")
        self.items: deque[Item] = deque()
        self.put = 0  # items ever put
        self.settled = 0  # items that arrived, or that were given up
        self.warned = False

    def give_up_oldest(self) -> None:
        self.items.popleft()
        self.settled += 1
        self.warn(f"more than {MAX_WAITING} {self.label} wait for the server; the oldest are given up")

    def warn(self, text: str, *, always: bool = False) -> None:
        """Say it once per outage."""
        if self.warned and not always:
            return
        self.warned = True
        from orchestrator.sdk.logs import sdk_logger

        sdk_logger().warning(text)


def _how_many_fit(bodies: list[bytes]) -> int:
    total = 0
    for count, body in enumerate(bodies):
        total += len(body) + 1
        if total > BATCH_BYTES and count:
            return count
    return len(bodies)


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
        if not delivery.flush(min(left, _LAST_WORD_SECONDS) if delivery.out_of_patience else left):
            from orchestrator.sdk.logs import sdk_logger

            sdk_logger().error(
                f"{delivery.waiting()} events and logs did not reach the server within "
                f"{settings.drain_seconds():g} seconds (ORCHESTRATOR_DRAIN_SECONDS)"
            )
