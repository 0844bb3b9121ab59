"""One flow run's way to Celery workers, and back.

Runs go to the queue of a pool. Workers answer to a queue that this flow run alone reads: with replies, which settle
futures as they come, and every few seconds with signs of life of what executes. The process that waits is the one
that decides: a worker that gets a run a second time gives it back instead of executing it, and one that finds nobody
waiting for the reply executes nothing. Every sending has a number, and letters about an earlier one are passed over,
except for a reply, which is as good as any.
"""

from __future__ import annotations

import threading
import time
from base64 import b64decode
from collections import deque
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from orchestrator.broker.letters import Mailbox
from orchestrator.broker.signing import Signer
from orchestrator.broker.submissions import MOST_BYTES, Submitter
from orchestrator.sdk.errors import TaskNotSendable
from orchestrator.sdk.runners import flights
from orchestrator.sdk.runners.flights import Flight

if TYPE_CHECKING:
    from orchestrator.sdk.runners.remote import RemotePool

LEAST_AHEAD = 64  # runs on the broker or at workers, at least; with more processes, two for each of them
MOST_TOGETHER = 8  # runs in one message
QUICK_SECONDS = 0.02  # a run that takes no longer is a quick one
_QUICK_RUNS = 16  # so many quick runs more than others, and the next are sent together
_MOST_QUICK_RUNS = 64  # that count: what was quick for long may change
_MOST_TOGETHER_BYTES = 262_144
_SHARES = 16  # runs go together only while so many messages are left to send: the last ones are spread evenly
_WORKERLESS_SECONDS = 10.0
_DEAF_SECONDS = 1.0  # between two looks whether the broker can be read
_OTHER_KEY = (
    "It says that the task was signed with another key than the worker has: give both the same "
    "ORCHESTRATOR_SIGNING_KEY."
)
# Why a worker did not begin what it was sent.
_UNBEGUN = {
    "unawaited": "The workers found nobody waiting for the task; do the clocks of the hosts agree?",
    "old": "The task waited too long for a worker; do the clocks of the hosts agree?",
}
_LONGEST_PAUSE_SECONDS = 5.0


class CeleryLine:
    """Opened by the first `send`, closed when nothing is under way."""

    def __init__(
        self,
        pool: RemotePool,
        *,
        broker_url: str,
        signer: Signer,
        queue: str,
        new_mailbox: Callable[[], str],
        start_command: str,
    ) -> None:
        self._pool = pool
        self._broker_url = broker_url
        self._signer = signer
        self._queue = queue
        self._new_mailbox = new_mailbox
        self._start_command = start_command
        self._changed = threading.Condition()
        self._outbox: deque[Flight] = deque()
        self._flights: dict[str, Flight] = {}  # sent, and not answered yet
        self._withdrawn: set[str] = set()  # and maybe on the broker: ended as soon as a worker says that it executes
        self._workers: dict[str, _Worker] = {}
        self._mailbox: Mailbox | None = None
        self._quick_runs = 0  # of late; one that was not halves the number
        self._opened_at = 0.0
        self._warned = False
        self._warned_of_strangers = False

    def send(self, key: str, attempt: int, parcel: bytes) -> None:
        if len(parcel) > MOST_BYTES:
            raise TaskNotSendable(
                f"A task run with its parameters takes {len(parcel):,} bytes, and {MOST_BYTES:,} are the most that is "
                "sent to Celery workers: store what is large, and pass where it is."
            )
        with self._changed:
            self._withdrawn.discard(key)
            self._outbox.append(Flight(key, attempt, parcel))
            if self._mailbox is None:
                self._open()
            self._changed.notify_all()

    def withdraw(self) -> Collection[str]:
        with self._changed:
            flights = [*self._outbox, *(each for each in self._flights.values() if each.heard_at is None)]
            self._outbox.clear()
            for flight in flights:
                self._flights.pop(flight.key, None)
            self._withdrawn.update(flight.key for flight in flights)
            self._changed.notify_all()
        return [flight.key for flight in flights]

    def stop(self) -> None:
        """Tell the workers that execute something of ours. One that cannot be told goes on, and nobody listens."""
        with self._changed:
            by_worker: dict[str, list[str]] = {}
            for flight in self._flights.values():
                if flight.stop_at is not None:
                    by_worker.setdefault(flight.stop_at, []).append(flight.key)
            self._flights.clear()
            self._outbox.clear()
        if by_worker:
            self._tell_to_stop(by_worker)

    def close(self) -> None:
        with self._changed:
            mailbox, self._mailbox = self._mailbox, None
            self._workers.clear()
            self._withdrawn.clear()
            self._changed.notify_all()
        if mailbox is not None:
            mailbox.close()

    def _tell_to_stop(self, by_worker: dict[str, list[str]]) -> None:
        submitter = Submitter(self._broker_url, self._signer)
        with suppress(Exception):  # each broker library has errors of its own
            for queue, keys in by_worker.items():
                submitter.stop(queue=queue, keys=keys)
            submitter.close()

    def _open(self) -> None:
        mailbox = Mailbox(
            self._broker_url,
            self._new_mailbox(),
            self._signer,
            read=self._read,
            unsigned=self._read_unsigned,
            look=self._look,
            reconnected=self._reconnected,
        )
        self._mailbox = mailbox
        self._opened_at = time.monotonic()
        self._warned = False
        mailbox.start()
        threading.Thread(target=self._keep_sending, args=(mailbox,), name="sends-tasks", daemon=True).start()

    # Sending, in a thread of its own.

    def _keep_sending(self, mailbox: Mailbox) -> None:
        submitter = Submitter(self._broker_url, self._signer)
        pause = 0.0
        while chosen := self._next(mailbox):
            while chosen := self._still_to_be_sent(chosen, mailbox):
                # A worker executes nothing for a flow that does not read.
                if mailbox.is_reading.wait(_DEAF_SECONDS) and self._sent(submitter, chosen, mailbox):
                    break
                if not pause:
                    self._pool.log_warning("The broker does not take tasks; they wait and are sent again.")
                pause = min(max(0.1, pause * 2), _LONGEST_PAUSE_SECONDS)
                time.sleep(pause)
            pause = 0.0
        submitter.close()

    def _next(self, mailbox: Mailbox) -> list[Flight]:
        """What to send in the next message, when there is room; empty when this thread is not needed any more."""
        with self._changed:
            while self._mailbox is mailbox:
                count = self._how_many_together()
                if self._outbox and len(self._flights) + count <= self._most_ahead():
                    chosen = self._taken_out(count)
                    for flight in chosen:
                        flight.leaves(time.monotonic())
                        self._flights[flight.key] = flight
                    return chosen
                self._changed.wait()
        return []

    def _how_many_together(self) -> int:
        """One, unless runs are so quick that most of the time would go into their messages."""
        if self._quick_runs < _QUICK_RUNS:
            return 1
        messages_ahead = max(_SHARES // 2, 2 * self._processes())
        return max(1, min(MOST_TOGETHER, len(self._outbox) // _SHARES, self._most_ahead() // messages_ahead))

    def _taken_out(self, count: int) -> list[Flight]:
        """From the outbox: at most so many, and not too much."""
        chosen = [self._outbox.popleft()]
        size = len(chosen[0].parcel)
        while len(chosen) < count and self._outbox and not (chosen[0].alone or self._outbox[0].alone):
            size += len(self._outbox[0].parcel)
            if size > _MOST_TOGETHER_BYTES:
                break
            chosen.append(self._outbox.popleft())
        return chosen

    def _still_to_be_sent(self, chosen: list[Flight], mailbox: Mailbox) -> list[Flight]:
        """For which somebody still waits; others were withdrawn, taken for lost or queued again meanwhile."""
        with self._changed:
            return [each for each in chosen if self._mailbox is mailbox and self._flights.get(each.key) is each]

    def _sent(self, submitter: Submitter, chosen: list[Flight], mailbox: Mailbox) -> bool:
        try:
            submitter.submit(chosen, queue=self._queue, reply_to=mailbox.queue)
        except Exception:  # noqa: BLE001 - each broker library has errors of its own
            return False
        return True

    def _most_ahead(self) -> int:
        """Few enough that little is left to execute when the flow run ends badly, enough that nobody is idle."""
        return max(LEAST_AHEAD, 2 * self._processes())

    def _processes(self) -> int:
        """Of the workers that are known: one is, once it has told of something that takes its time."""
        return sum(worker.processes for worker in self._workers.values())

    # Reading, in the mailbox's thread.

    def _read(self, letter: dict[str, Any]) -> None:
        kind = letter["kind"]
        if kind == "reply":
            self._note_pace(letter.get("seconds"))
            self._forget(letter["key"])
            self._pool.arrived(letter["key"], b64decode(letter["reply"]))
        elif kind == "alive":
            self._note_life(letter)
        elif kind == "lost together":
            self._lose_together(letter)
        elif (flight := self._flight_of(letter)) is None:
            return  # of a sending that counts no more
        elif kind == "lost":
            self._lose(flight, letter["reason"])
        elif kind == "handed back":
            self._take_back(flight)
        elif kind == "not begun":
            self._note_pace(None)
            self._send_again(flight)
        elif kind == "again":
            self._came_again(flight)
        elif kind in _UNBEGUN:
            self._was_refused(flight, _UNBEGUN[kind])

    def _read_unsigned(self, letter: dict[str, Any]) -> None:
        """A worker that could not check our signature says so, and cannot sign that with our key either.

        Anybody who can write to the broker can say that: it is told to whoever waits, and decides nothing.
        """
        if letter.get("kind") != "stranger" or self._warned_of_strangers:
            return
        flight = self._flight_of(letter)
        if flight is not None and flight.heard_at is None:
            self._warned_of_strangers = True
            self._pool.log_warning(
                f"A worker did not execute a task. {_OTHER_KEY} The task waits for a worker that has this flow's key."
            )

    def _flight_of(self, letter: dict[str, Any]) -> Flight | None:
        """The run that a letter is about, if it is about its last sending."""
        with self._changed:
            flight = self._flights.get(str(letter.get("key")))
        is_current = flight is not None and (flight.attempt, flight.sending) == (
            letter.get("attempt"),
            letter.get("sending"),
        )
        return flight if is_current else None

    def _note_life(self, letter: dict[str, Any]) -> None:
        now = time.monotonic()
        with self._changed:
            self._workers[letter["worker"]] = _Worker(int(letter["processes"]))
            for key, attempt, sending in letter["runs"]:
                flight = self._flights.get(key)
                if flight is not None and (flight.attempt, flight.sending) == (attempt, sending):
                    flight.heard_at, flight.stop_at = now, letter["worker"]
            unwanted = [key for key, _, _ in letter["runs"] if key in self._withdrawn]
            self._changed.notify_all()
        if unwanted:
            self._tell_to_stop({letter["worker"]: unwanted})

    def _note_pace(self, seconds: float | None) -> None:
        """How long a run took; None: so long that others were given back, or the worker does not tell, and may not
        know several in one message either.
        """
        with self._changed:
            if seconds is None:
                self._quick_runs = 0
            elif seconds <= QUICK_SECONDS:
                self._quick_runs = min(self._quick_runs + 1, _MOST_QUICK_RUNS)
            else:
                self._quick_runs //= 2  # one is soon made up for: the machine may have been busy

    def _lose_together(self, letter: dict[str, Any]) -> None:
        """The process that executed several runs died, in the first that it had not answered. The others were next."""
        about = [dict(zip(("key", "attempt", "sending"), run, strict=True)) for run in letter["runs"]]
        unanswered = [flight for flight in map(self._flight_of, about) if flight is not None]
        for flight in unanswered[1:]:
            self._send_again(flight)
        for flight in unanswered[:1]:
            self._lose(flight, letter["reason"])

    def _take_back(self, flight: Flight) -> None:
        """A worker that was told to stop has ended the run before it was over: no try that failed."""
        flight.handed_back += 1
        if flight.handed_back <= flights.MOST_HANDED_BACK:
            self._send_again(flight)
        else:
            self._lose(flight, f"Workers that stopped have handed the task back {flight.handed_back} times.")

    def _came_again(self, flight: Flight) -> None:
        """A worker was given a run that another one was given before, and did not execute it."""
        if flight.heard_at is None:
            self._was_refused(flight, "The worker that executed the task is gone.")
        elif time.monotonic() - flight.heard_at >= flights.SILENT_SECONDS:
            self._lose(flight, "The worker that executed the task is gone.")
        # Else whoever had it first still executes it.

    def _was_refused(self, flight: Flight, reason: str) -> None:
        """A worker did not begin the run, and another sending of it may be begun."""
        if flight.resends < flights.MOST_RESENDS:
            flight.resends += 1
            self._send_again(flight)
        else:
            self._lose(flight, reason)

    def _look(self) -> None:
        now = time.monotonic()
        with self._changed:
            silent = [each for each in self._flights.values() if each.is_silent(now)]
            untaken = [each for each in self._flights.values() if each.is_untaken(now)]
            nobody = not self._workers and bool(self._flights) and now - self._opened_at > _WORKERLESS_SECONDS
        for flight in silent:
            reason = f"Nothing was heard of the worker that executed the task for {flights.SILENT_SECONDS:g} seconds."
            self._lose(flight, reason)
        if nobody and not self._warned:
            self._warned = True
            self._pool.log_warning(
                f"No worker has answered from the queue {self._queue!r} yet. One is started with: {self._start_command}"
            )
        if untaken:
            self._look_for(untaken)

    def _look_for(self, untaken: list[Flight]) -> None:
        """Messages can be lost together with a broker's memory: those that are neither there nor anywhere else."""
        submitter = Submitter(self._broker_url, self._signer)
        try:
            waiting = submitter.waiting(self._queue)
        finally:
            submitter.close()
        now = time.monotonic()
        gone = []
        with self._changed:
            for flight in untaken:
                flight.sent_at = now  # looked for again after the same time
                flight.missed += 0 if waiting else 1
                if flight.missed >= 2:
                    gone.append(flight)
        for flight in gone:
            self._was_refused(flight, f"It was sent {flight.sending} times, and no worker began it.{self._suspicion()}")

    def _suspicion(self) -> str:
        return f" {_OTHER_KEY}" if self._warned_of_strangers else ""

    def _reconnected(self) -> None:
        """What was sent meanwhile could not be heard."""
        now = time.monotonic()
        with self._changed:
            for flight in self._flights.values():
                flight.sent_at = now
                if flight.heard_at is not None:
                    flight.heard_at = now

    def _send_again(self, flight: Flight) -> None:
        with self._changed:
            if self._flights.get(flight.key) is not flight:
                return
            del self._flights[flight.key]
            flight.missed = 0
            flight.alone = True
            self._outbox.appendleft(flight)
            self._changed.notify_all()

    def _lose(self, flight: Flight, reason: str) -> None:
        with self._changed:
            if self._flights.get(flight.key) is not flight:
                return
        self._forget(flight.key)
        self._pool.lost(flight.key, flight.attempt, reason)

    def _forget(self, key: str) -> bool:
        with self._changed:
            known = self._flights.pop(key, None) is not None
            self._changed.notify_all()
        return known


class _Worker:
    """What a worker says of itself."""

    __slots__ = ("processes",)

    def __init__(self, processes: int) -> None:
        self.processes = processes
