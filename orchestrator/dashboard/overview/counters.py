"""The numbers on top of the overview. Each leads to the list that has as many rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from orchestrator.contract.states import StateType
from orchestrator.contract.times import format_time
from orchestrator.dashboard.overview.history import History, ended_in, failed_in
from orchestrator.dashboard.overview.under_way import COMING, LATE, PAUSED, RUNNING, SOON, UnderWay
from orchestrator.pages.addresses import address_of
from orchestrator.pages.words import day_words, duration_words


@dataclass(frozen=True, slots=True)
class Counter:
    tone: str
    icon: str
    word: str
    number: int
    url: str
    beside: str  # what to compare the number with
    is_capped: bool = False  # there are more


def counters_of(
    under_way: UnderWay, history: History, *, slow: int, range_key: str, now: datetime, tag: str
) -> list[Counter]:
    def to_list(**query: str | list[str]) -> str:
        return f"{address_of('runs')}?{urlencode(query | ({'tag': tag} if tag else {}), doseq=True, safe=':')}"

    failed, ended = failed_in(history.now), ended_in(history.now)
    return [
        Counter(
            "running", "play", "Running", under_way.numbers[RUNNING], to_list(state="running", range="all"),
            f"{slow} slower than usual" if slow else _since(under_way.oldest.get(RUNNING), now, "longest for"),
        ),
        Counter(
            "failed", "cross", "Failed", failed, to_list(state=["failed", "crashed"], range=range_key),
            _rate(failed, ended, failed_in(history.before), ended_in(history.before)),
            is_capped=history.is_capped,
        ),
        Counter(
            "late", "alarm", "Late", under_way.numbers[LATE], to_list(state="late", range="all"),
            _since(under_way.oldest.get(LATE), now, "oldest"),
        ),
        Counter(
            "paused", "pause", "Waits for you", under_way.numbers[PAUSED], to_list(state="paused", range="all"),
            _since(_first_pause(under_way), now, "longest for"),
        ),
        Counter(
            "scheduled", "clock", "Next hour", under_way.numbers[COMING],
            to_list(state="scheduled", **{"from": format_time(now), "to": format_time(now + SOON)}),
            _next(under_way, now),
        ),
        Counter(
            "completed", "check", "Completed", history.now[StateType.COMPLETED],
            to_list(state="completed", range=range_key),
            f"was {history.before[StateType.COMPLETED]:,}{'+' if history.was_capped else ''} the time before",
            is_capped=history.is_capped,
        ),
    ]  # fmt: skip


def _first_pause(under_way: UnderWay) -> datetime | None:
    """Of those that began first."""
    return min((run.state_timestamp for run in under_way.rows[PAUSED] if run.state_timestamp), default=None)


def _since(oldest: datetime | None, now: datetime, words: str) -> str:
    return f"{words} {duration_words(max(timedelta(), now - oldest).total_seconds())}" if oldest else "none"


def _rate(failed: int, ended: int, failed_before: int, ended_before: int) -> str:
    if not ended:
        return "none has ended"
    words = f"{_percent(failed, ended)} of those that ended"
    return f"{_percent(failed, ended)} · was {_percent(failed_before, ended_before)}" if ended_before else words


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f}%"


def _next(under_way: UnderWay, now: datetime) -> str:
    coming = under_way.rows[COMING]
    if not coming:
        return "none"
    first = coming[0]
    name = first.deployment.name if first.deployment else first.flow.name
    moment = first.expected_start_time
    return f"next {day_words(moment, now)} {name}" if moment else f"next {name}"
