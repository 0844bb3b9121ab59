"""The clock that starts the periodic services, from the schedules in the database."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from functools import cached_property
from math import floor
from typing import Any
from zlib import crc32

from celery.schedules import schedstate
from celery.schedules import schedule as Every
from django.conf import settings
from django.db import Error as DatabaseError
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry

from orchestrator.periodic.declaring import DUE_AT
from orchestrator.periodic.registry import TASKS, Service, all_services
from orchestrator.periodic.rows import write_rows

logger = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
LEAST_PAUSE_SECONDS = 0.02
# Ticks lie on multiples of this: fewer moments at which the processes of an idle server wake up, and still enough of
# them that services of one pace are spread.
SLOT_SECONDS = 1.0
LEAST_INTERVAL_SECONDS = 1.0  # whatever a row says: a service that never rests is of no use to anybody


class Tick(ModelEntry):
    """A row of beat whose intervals lie on one grid for every beat, whenever each was started.

    So two beats send a message for the same moment, which the message names, and the second one is refused. Services
    of one pace are spread over it.
    """

    last_run_at: datetime

    def default_now(self) -> datetime:
        return self._default_now() if self._on_grid else super().default_now()

    def __next__(self) -> Tick:
        if not self._on_grid:
            return super().__next__()
        self.last_run_at = self._default_now()
        self.total_run_count += 1
        self.model.last_run_at, self.model.total_run_count = self.last_run_at, self.total_run_count
        self.model.no_changes = True
        return self

    def is_due(self) -> schedstate:
        if not self._on_grid or self.model.start_time or self.model.expires or self.model.one_off:
            return super().is_due()
        at = self._default_now()
        if self.last_run_at > at + timedelta(seconds=self._seconds):
            self.last_run_at = at  # the clock of this machine was set back
        due = self.last_run_at < self._last_tick(at)
        return schedstate(due, (self._last_tick(at) - at).total_seconds() + self._seconds)

    def due_at(self) -> datetime:
        """The moment for which a message is sent now: the last tick, or what the row's crontab says."""
        at = self._default_now()
        if self._on_grid:
            return self._last_tick(at)
        try:
            wait = self.schedule.remaining_estimate(self.last_run_at.astimezone(self.app.timezone))
        except Exception:  # noqa: BLE001 -- schedules of other kinds cannot tell
            return at
        return min(at, at + wait)

    def is_left_out(self, service: Service) -> bool:
        """Whether this turn of the service is not needed. All beats leave out the same ones."""
        if service.has_work is None or not self._on_grid:
            return False
        if self._number(self._default_now()) % service.turns_when_idle(self._seconds) == 0:
            return False
        try:
            return not service.has_work()
        except DatabaseError as error:
            logger.warning("Whether the service %s has work is not known: %s", service.name, error)
            return False

    @cached_property
    def _on_grid(self) -> bool:
        return type(self.schedule) is Every

    @cached_property
    def _seconds(self) -> float:
        return max(LEAST_INTERVAL_SECONDS, self.schedule.run_every.total_seconds())

    @cached_property
    def _phase(self) -> float:
        return crc32(self.name.encode()) / 2**32 * self._seconds // SLOT_SECONDS * SLOT_SECONDS

    def _number(self, at: datetime) -> int:
        """Of the last tick."""
        return floor((at.timestamp() - self._phase) / self._seconds)

    def _last_tick(self, at: datetime) -> datetime:
        return datetime.fromtimestamp(self._number(at) * self._seconds + self._phase, tz=at.tzinfo)


class CalmScheduler(DatabaseScheduler):
    """The stock one asks the database at each tick, and ticks without a pause while something is about to be due.

    This one looks for changed schedules every LOOK_SECONDS and always rests a moment: a third of the work for the same
    services. It sends only what is chosen for this server, and nothing to a service that says that it has no work. A
    row that makes no sense holds up no other.
    """

    Entry = Tick

    _look_at = 0.0

    def setup_schedule(self) -> None:
        write_rows()
        super().setup_schedule()

    def enabled_models(self) -> list[PeriodicTask]:
        chosen = {f"{TASKS}{name}" for name in settings.SERVICES}
        rows = super().enabled_models()
        return [row for row in rows if not row.task.startswith(TASKS) or row.task in chosen]

    def all_as_schedule(self) -> dict[str, Tick]:
        entries = {}
        for row in self.enabled_models():
            try:
                entries[row.name] = self.Entry(row, app=self.app)
            except Exception as error:  # noqa: BLE001 -- whatever somebody wrote into it
                logger.error("The periodic task %s cannot be started: its schedule is %s", row.name, error)
        return entries

    def schedule_changed(self) -> bool:
        now = time.monotonic()
        if now < self._look_at:
            return False
        self._look_at = now + LOOK_SECONDS
        return bool(super().schedule_changed())

    def schedules_equal(self, *args: Any, **kwargs: Any) -> bool:
        """Whoever reads the rows anew marks it. To compare each of them at each tick would find no more than that."""
        return not self._heap_invalidated or bool(super().schedules_equal(*args, **kwargs))

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Seconds until the next tick. All that is due at one moment is sent before beat rests."""
        pause = 0.0
        for _ in range(len(self._heap or ()) + 1):
            pause = float(super().tick(*args, **kwargs))
            if pause > 0:
                break
        return max(pause, LEAST_PAUSE_SECONDS)

    def apply_entry(self, entry: Tick, producer: Any = None) -> None:
        """Send the message of a turn, unless the service would find nothing to do."""
        service = self._services.get(entry.task)
        if service is None or not entry.is_left_out(service):
            super().apply_entry(entry, producer=producer)

    @cached_property
    def _services(self) -> dict[str, Service]:
        return {service.task_name: service for service in all_services()}

    def apply_async(self, entry: Tick, *args: Any, **kwargs: Any) -> Any:
        headers = {**entry.options.get("headers", {}), DUE_AT: entry.due_at().isoformat()}
        entry.options = {**entry.options, "headers": headers}
        return super().apply_async(entry, *args, **kwargs)
