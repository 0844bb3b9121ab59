"""Telling the scheduler that something changed about schedules."""

from __future__ import annotations

import logging
import threading
from datetime import datetime
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Least

from deployments.models import DeploymentSchedule
from orchestrator.contract.times import now

logger = logging.getLogger(__name__)

SCHEDULER = "scheduler"
TOGETHER_SECONDS = 0.1  # in which calls are gathered, so that a hundred changes send one message

_waiting = threading.Lock()  # held from a call until its message is sent


def plan_anew(*, deployment_id: UUID, from_now: bool = False) -> datetime:
    """Have the scheduler look at every schedule of a deployment, right after the commit.

    What was planned for times to come counts as not planned. `from_now`: what was not planned up to now was not
    missed, since the deployment was paused. Returns the moment from which on it is planned.
    """
    at = now()
    known = Value(None) if from_now else Least(F("planned_until"), Value(at))
    changed = DeploymentSchedule.objects.filter(deployment=deployment_id).update(
        plan_at=at, planned_until=known, next_time=None
    )
    if changed:
        call_scheduler()
    return at


def call_scheduler() -> None:
    """Have the scheduler look now. Should the call be lost, it looks at its own pace."""
    if SCHEDULER in settings.SERVICES:  # else it runs elsewhere, or nowhere
        transaction.on_commit(_send_soon, robust=True)


def _send_soon() -> None:
    if _waiting.acquire(blocking=False):
        timer = threading.Timer(TOGETHER_SECONDS, _send)
        timer.daemon = True
        timer.start()


def _send() -> None:
    _waiting.release()  # before it is sent: a change from now on may come too late for this message
    try:
        current_app.send_task(f"services.{SCHEDULER}", ignore_result=True, expires=60, retry=False)
    except Exception:
        logger.warning("The scheduler could not be called; it plans at its next look.", exc_info=True)
