"""Signs of life are noted, in the transaction that stores their events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from orchestrator.contract.events import HEARTBEAT
from orchestrator.contract.states import TERMINAL, StateType
from orchestrator.contract.times import now
from orchestrator.events.models import Event
from orchestrator.statements.reading import PreparedAmong
from orchestrator.statements.writing import insert_rows
from runs.models import FlowRun, Heartbeat

MISSED = 3  # so many signs of life in a row are missing when a process is dead
# What Prefect's engine sends unless it is told otherwise. It does not say how often it does, and never does more often
# than the least.
USUAL_SECONDS = 180.0
LEAST_SECONDS = 30.0
MISSED_OF_OTHERS = 2.5
_MOST_SECONDS = 86_400.0  # of an interval that a sender claims
_SAME = 0.2  # two pauses that differ by less than this share are the same
_PREFIX = "prefect.flow-run."
_WRITTEN = ("last_at", "interval_seconds", "pause_seconds", "silent_after", "host", "process_id", "buried_state_id")


def note_heartbeats(events: Sequence[Event]) -> None:
    """Write when runs were last heard of. Batches without a sign of life cost nothing; runs that ended stay ended.

    The time is that of the server: the clocks of hosts differ.
    """
    beats = {run_id: event for event in events if event.event == HEARTBEAT and (run_id := _run_id(event)) is not None}
    if not beats:
        return
    states = {run.pk: (run.state_type, run.state_timestamp) for run in _living.all(beats)}
    with transaction.atomic():
        known = {row.pk: row for row in _locked.all(states)}
        at = now()
        rows = []
        for run_id, (state_type, since) in sorted(states.items()):
            before = known.get(run_id)
            if before is not None and before.buried_state_id and state_type == StateType.SCHEDULED:
                continue  # it was taken for dead, came back, and the run is another's to begin
            rows.append(_heard(before, run_id, beats[run_id].payload, at=at, began=since))
        insert_rows(rows, replace=_WRITTEN)


def patience_for(interval_seconds: float | None, *, told: bool) -> timedelta:
    """How long a process may be silent. `told`: by the sender itself, which sends at once when it can again."""
    if told and interval_seconds is not None:
        seconds = MISSED * interval_seconds
    else:
        seconds = MISSED_OF_OTHERS * (interval_seconds or USUAL_SECONDS)
    return timedelta(seconds=max(float(settings.ZOMBIE_SECONDS), seconds))


def patience_with(heartbeat: Heartbeat) -> timedelta:
    """The same for a process that was heard of. Who tells its interval has no pauses that were only seen."""
    return patience_for(heartbeat.interval_seconds, told=heartbeat.pause_seconds is None)


def _living_of(run_ids: list[UUID]) -> QuerySet[FlowRun]:
    ended = [type_.value for type_ in TERMINAL]
    return FlowRun.objects.filter(pk__in=run_ids).exclude(state_type__in=ended).only("state_type", "state_timestamp")


_living = PreparedAmong(_living_of)
_locked = PreparedAmong(lambda run_ids: Heartbeat.objects.select_for_update().filter(pk__in=run_ids).order_by("pk"))


def _heard(
    before: Heartbeat | None, run_id: UUID, payload: dict[str, Any], *, at: datetime, began: datetime | None
) -> Heartbeat:
    told = _interval(payload)
    pause = interval = None
    # A pause that began before the present state may be one between two processes, and says nothing.
    if told is None and before is not None and (began is None or before.last_at >= began):
        pause = (at - before.last_at).total_seconds()
        interval = before.interval_seconds
        if before.pause_seconds and abs(pause - before.pause_seconds) <= _SAME * before.pause_seconds:
            interval = max(pause, before.pause_seconds, LEAST_SECONDS)
    return Heartbeat(
        flow_run_id=run_id,
        last_at=at,
        interval_seconds=told or interval,
        pause_seconds=pause,
        silent_after=at + patience_for(told or interval, told=told is not None),
        host=_text(payload.get("host")),
        process_id=_number(payload.get("process_id")),
    )


def _run_id(event: Event) -> UUID | None:
    try:
        return UUID(event.resource_id.removeprefix(_PREFIX))
    except ValueError:
        return None


def _interval(payload: dict[str, Any]) -> float | None:
    found = payload.get("interval_seconds")
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 < found <= _MOST_SECONDS:
        return None
    return float(found)


def _text(found: Any) -> str | None:
    return found[:200] if isinstance(found, str) and found else None


def _number(found: Any) -> int | None:
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 < found < 2**31 else None
