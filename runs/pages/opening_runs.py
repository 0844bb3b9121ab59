"""The list of runs as it opens, with nothing asked of it but how far it goes back: by statements that are composed
once. To compose them takes longer than to execute them, and this is the page that people look at most."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict

from orchestrator.pages.filters.selection import Selection
from orchestrator.pages.keyset import Page, is_opening, opening_page, opening_rows
from orchestrator.pages.time_range import TimeRange
from orchestrator.statements.reading import PreparedGroups, PreparedQuery, PreparedRows
from runs.models import FlowRun
from runs.models.flow_runs import FlowRunQuerySet
from runs.pages import run_counts
from runs.pages.listed_runs import ORDERS, PARENT, ListedRuns, with_columns
from runs.pages.run_columns import chosen_columns
from runs.pages.run_counts import Counts, count_each, counts_of, in_steps, number_of_each, step_of
from runs.pages.run_filter import SOON, runs_since, shows_subflows
from runs.pages.run_orders import STARTED

PLANNED = "planned"


def runs_asked_for(query: QueryDict, wanted: Selection, range_: TimeRange, now: datetime) -> ListedRuns:
    """What an address leads to, read in the quickest way that there is."""
    return (OpeningRuns if opens_the_list(query, wanted, range_) else ListedRuns)(query, wanted, range_, now)


def opens_the_list(query: QueryDict, wanted: Selection, range_: TimeRange) -> bool:
    """Whether an address leads to what OpeningRuns reads."""
    is_whole = not (wanted.is_narrowed or shows_subflows(query) or chosen_columns(query))
    return is_whole and is_opening(query) and range_.since is not None and range_.until is None


class OpeningRuns(ListedRuns):
    """The same as ListedRuns for an address that `opens_the_list`."""

    @property
    def looked_back_to(self) -> None:
        return None

    def count(self) -> tuple[Counts, Counts]:
        step, most = step_of(self._range), run_counts.MOST_COUNTED
        counts = counts_of(_counted_by(step, most).all(**self._bounds), step, most)
        return counts, counts

    def page(self) -> Page:
        return opening_page(_rows.all(**self._bounds), ORDERS, STARTED)

    @property
    def _bounds(self) -> dict[str, Any]:
        return {"since": self._range.since, "last": self._now + SOON}


def count_with_planned(rare: Mapping[str, QuerySet[Any]], now: datetime) -> dict[str, int]:
    """`count_each` of the rare ones, and how many runs are planned for later than the list shows. One query."""
    later = now + SOON
    if rare:
        return count_each({**rare, PLANNED: _planned_after(later)})
    return {row["part"]: row["number"] for row in _planned_alone.all(last=later)}


def _planned_after(last: datetime) -> FlowRunQuerySet:
    return FlowRun.objects.scheduled().top_level().filter(next_scheduled_start_time__gt=last)


_rows = PreparedQuery(
    lambda since, last: opening_rows(with_columns(runs_since(since, last).top_level()), STARTED),
    moments=["since", "last"],
)
_planned_alone = PreparedRows(lambda last: number_of_each(_planned_after(last), PLANNED), moments=["last"])


@cache  # there are few steps that people would choose
def _counted_by(step: timedelta, most: int) -> PreparedGroups:
    return PreparedGroups(
        lambda since, last: in_steps(runs_since(since, last), step, parent=PARENT, most=most),
        moments=["since", "last"],
    )
