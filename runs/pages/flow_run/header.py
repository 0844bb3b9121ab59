"""The head of a run's page: its state, what broke it or holds it up, and what can be done."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest

from orchestrator.contract.states import StateType
from orchestrator.pages.words import duration_words
from runs.pages.answer import question_of
from runs.pages.flow_run.failure_card import read_failure
from runs.pages.flow_run.offers import offers_of
from runs.pages.flow_run.subject import Subject
from runs.pages.panels import panel_of
from runs.pages.run_rows import run_clock_start
from runs.services.concurrency_waits import is_asking

SETTLES_WITHIN = timedelta(seconds=20)
WAITING = (StateType.SCHEDULED, StateType.PENDING, StateType.PAUSED, StateType.CANCELLING)
_CREATORS = {"SCHEDULE": "by a schedule", "AUTOMATION": "by an automation", "DEPLOYMENT": "by a deployment"}


def read_header(request: HttpRequest, subject: Subject) -> dict[str, Any]:
    run = subject.run
    failure = read_failure(subject)
    waits = run.state_type in WAITING
    return {
        "seconds": run.estimated_run_time(subject.now) if run.start_time else None,
        "running_since": run_clock_start(run, subject.now),
        "usual": _usual_duration(subject) if subject.has_begun and not waits else "",
        "made_by": _made_by(subject),
        "failure": failure,
        # The line that tells where it happened may arrive after the state: the page asks again meanwhile.
        "settles": failure is not None and failure.failure.excerpt is None and _has_just_ended(subject),
        "why": panel_of(request, run) if waits or _waits_for_slots(subject) else None,
        "question": question_of(run) if run.state_type == StateType.PAUSED else None,
        "message": (run.state or {}).get("message") or "",
        "offers": offers_of(subject),
    }


def _waits_for_slots(subject: Subject) -> bool:
    """In the middle of its work."""
    return subject.run.state_type == StateType.RUNNING and is_asking(subject.run.pk, subject.now)


def _has_just_ended(subject: Subject) -> bool:
    ended = subject.run.end_time
    return ended is not None and subject.now - ended < SETTLES_WITHIN


def _usual_duration(subject: Subject) -> str:
    """The median of the recent runs that completed; nothing where fewer than three did."""
    seconds = sorted(one.total_run_time for one in subject.recent if one.state_type == StateType.COMPLETED)
    return f"usually {duration_words(seconds[len(seconds) // 2])}" if len(seconds) >= 3 else ""


def _made_by(subject: Subject) -> str:
    run = subject.run
    creator = run.created_by or {}
    if run.auto_scheduled:
        return "by schedule"
    if creator.get("type") in _CREATORS and not creator.get("display_value"):
        return _CREATORS[creator["type"]]
    return f"by {creator['display_value']}" if creator.get("display_value") else ""
