"""Since when workers could reach the API without interruption.

Every web process writes a row every few seconds. Whoever takes leases away from silent workers asks `api_presence`:
a worker that could not reach the server must not be taken for dead. A web process that was killed leaves its row
behind, so a row says that its process was up until it was last seen, and nothing about the time since then.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connection

from orchestrator.contract.ids import uuid7
from orchestrator.contract.times import now
from orchestrator.web.models import WebPulse

logger = logging.getLogger(__name__)

BEAT_SECONDS = 5.0
SILENT_SECONDS = 15.0  # a process that has not been seen for this long was interrupted
# Of a lease. A holder that could not be answered for as long still has time left to renew afterwards, so only longer
# interruptions need to be seen; with the usual lease this is SILENT_SECONDS, with short ones it is less.
SILENT_PART_OF_LEASE = 0.5
FORGET_SECONDS = 3600.0
MOST_ROWS = 1000  # of processes; those that were seen last


@dataclass(frozen=True, slots=True)
class Presence:
    """A time without interruption in which at each moment some web process was known to be up."""

    since: datetime
    until: datetime

    @property
    def lasted(self) -> timedelta:
        return self.until - self.since


def api_presence(at: datetime | None = None) -> Presence | None:
    """The last such time before `at` (default: now), as far as is known yet. None when no process is known."""
    rows = WebPulse.objects.seen_since((at or now()) - timedelta(seconds=FORGET_SECONDS)).order_by("-last_seen")
    since = until = None
    for started_at, last_seen in rows.values_list("started_at", "last_seen")[:MOST_ROWS]:
        if since is None or until is None:
            since, until = started_at, last_seen
        elif last_seen >= since:
            since = min(since, started_at)
        else:
            break
    return None if since is None or until is None else Presence(since, until)


def api_up_since(at: datetime | None = None) -> datetime | None:
    """The moment from which some web process has been up without interruption until `at` (default: now).

    None when none is up, as far as is known: one that was killed is noticed when it has been silent for a while.
    """
    at = at or now()
    presence = api_presence(at)
    if presence is None or presence.until < at - silence():
        return None
    return presence.since


def silence() -> timedelta:
    """How long a process may be silent before it counts as interrupted."""
    return timedelta(seconds=min(SILENT_SECONDS, SILENT_PART_OF_LEASE * settings.LEASE_SECONDS))


def beat_seconds() -> float:
    """Several beats fit into the time after which silence counts."""
    return min(BEAT_SECONDS, silence().total_seconds() / 3)


def beat(pulse_id: UUID, at: datetime | None = None) -> None:
    """Say that this process is up. After an interruption, such as a suspended machine, its time begins anew."""
    at = at or now()
    uninterrupted = WebPulse.objects.filter(id=pulse_id).seen_since(at - silence())
    if not uninterrupted.update(last_seen=at):
        WebPulse.objects.update_or_create(id=pulse_id, defaults={"started_at": at, "last_seen": at})
        WebPulse.objects.filter(last_seen__lt=at - timedelta(seconds=FORGET_SECONDS)).delete()


class Pulse(threading.Thread):
    """Beats until `stop`, in a thread of its own, so that busy request threads cannot hold it up."""

    def __init__(self) -> None:
        super().__init__(name="pulse", daemon=True)
        self._id = uuid7()
        self._stopped = threading.Event()

    def run(self) -> None:
        try:
            while True:
                self._try_beat()
                if self._stopped.wait(beat_seconds()):
                    break
            self._try_leave()
        finally:
            connection.close()

    def stop(self, timeout_seconds: float) -> None:
        self._stopped.set()
        self.join(timeout_seconds)

    def _try_beat(self) -> None:
        try:
            beat(self._id)
        except DatabaseError as error:
            logger.warning("The pulse of the web server could not be written: %s", error)
            connection.close()

    def _try_leave(self) -> None:
        try:
            WebPulse.objects.filter(id=self._id).delete()
        except DatabaseError as error:
            logger.warning("The pulse of the web server could not be removed: %s", error)
