"""Runs counted by the look of their state, step by step through a span of time. One query."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from orchestrator.pages.charts.bars import Bucket
from orchestrator.pages.charts.steps import count_by_step, step_between, step_starts
from orchestrator.pages.looks import look_of


def buckets_by_state(
    rows: QuerySet[Any],
    moment: str,
    since: datetime,
    until: datetime,
    *,
    step: timedelta | None = None,
    url_of: Callable[[datetime, datetime], str] | None = None,
) -> list[Bucket]:
    """Buckets for `stacked_bars` of rows with `state_type` and `state_name`, by the time in the column `moment`.

    `url_of(start, end)` is the address of the rows in a bucket. The caller has narrowed the rows to the span.
    """
    step = step or step_between(since, until)
    counts: dict[datetime, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for start, state_type, state_name, number in count_by_step(rows, moment, step, "state_type", "state_name"):
        counts[start][look_of(state_type, state_name).tone] += number
    return [
        Bucket(start, dict(counts.get(start, {})), url=url_of(start, start + step) if url_of else "")
        for start in step_starts(since, until, step)
    ]
