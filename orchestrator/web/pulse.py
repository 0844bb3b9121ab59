"""Since when workers could reach the API without interruption.

Every web process writes a row every few seconds. Whoever takes leases away from silent workers asks `api_up_since`:
a worker that could not reach the server must not be taken for dead.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta
from uuid import UUID

from django.db import DatabaseError, connection
from django.db.models import Min

from orchestrator.contract.ids import uuid7
from orchestrator.contract.times import now
from orchestrator.web.models import WebPulse

logger = logging.getLogger(__name__)

BEAT_SECONDS = 5.0
SILENT_SECONDS = 15.0  # a process that has not been seen for this long was interrupted
FORGET_SECONDS = 3600.0


def api_up_since(at: datetime | None = None) -> datetime | None:
    """The moment from which some web process has been up without interruption until `at` (default: now).

    None when none is up.
    """
    seen_since = (at or now()) - timedelta(seconds=SILENT_SECONDS)
    return WebPulse.objects.seen_since(seen_since).aggregate(since=Min("started_at"))["since"]


def beat(pulse_id: UUID, at: datetime | None = None) -> None:
    """Say that this process is up. After an interruption, such as a suspended machine, its time begins anew."""
    at = at or now()
    uninterrupted = WebPulse.objects.filter(id=pulse_id).seen_since(at - timedelta(seconds=SILENT_SECONDS))
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
                if self._stopped.wait(BEAT_SECONDS):
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
