"""The runs that an address of the list asks for: counted, and a page of them."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet
from django.http import QueryDict

from orchestrator.pages.filters.selection import Selection
from orchestrator.pages.keyset import Page, read_page
from orchestrator.pages.time_range import TimeRange
from runs.models.flow_runs import FlowRunQuerySet
from runs.pages.newest import Newest
from runs.pages.run_columns import chosen_columns
from runs.pages.run_counts import Counts, count_states
from runs.pages.run_filter import STATES, runs_in_range, shows_subflows
from runs.pages.run_orders import DURATION, LATENESS, NAME, STARTED, with_order
from runs.pages.state_chips import Shown, rare_states

ORDERS = (STARTED, DURATION, LATENESS, NAME)
USUAL_ORDER = "-started"
PARENT = "parent_task_run"  # without which a run is no subflow
_COLUMNS = (
    "id", "name", "tags", "state", "state_type", "state_name", "state_timestamp", "total_run_time", "start_time",
    "end_time", "expected_start_time", "next_scheduled_start_time", "run_count", "created_by", "auto_scheduled",
    "error_type", "error_message", "error_frame", "flow_version", "work_queue_name", "flow__name", "deployment__name",
    "deployment__paused", "work_queue__name", "work_queue__is_paused", "work_queue__work_pool__name",
    "work_queue__work_pool__is_paused",
)  # fmt: skip
_OF_PARAMETERS = ("parameters", "deployment__parameter_openapi_schema")


class ListedRuns:
    def __init__(self, query: QueryDict, wanted: Selection, range_: TimeRange, now: datetime) -> None:
        self._query = query
        self._wanted = wanted
        self._range = range_
        self._now = now
        self._sort = query.get("sort", USUAL_ORDER)
        self._with_subflows = shows_subflows(query)

    @property
    def looked_back_to(self) -> datetime | None:
        """Older runs were not looked at; None: all were."""
        return self._newest.since

    def count(self) -> tuple[Counts, Counts]:
        """In any state, and in the states that are asked for. Two queries at most."""
        return count_states(self._newest.rows, self._range, asked=self._wanted.by_term.get("state"), parent=PARENT)

    def page(self) -> Page:
        """The rows, with all that the list says of a run. One query."""
        runs = self._without_subflows(self._newest.rows.filter(self._wanted.by_term.get("state", Q())))
        asks_for_parameters = any(column.name.startswith("param.") for column in chosen_columns(self._query))
        runs = with_columns(runs, *(_OF_PARAMETERS if asks_for_parameters else ()))
        return read_page(with_order(runs, self._sort, self._now), self._query, ORDERS, usual=USUAL_ORDER)

    def of_rare_states(self, counts: Counts) -> dict[str, QuerySet[Any]]:
        """Those that are counted by themselves, by the word of their state."""
        if not counts.is_full:
            return {}
        shown = Shown(self._wanted, self._with_subflows, any_state=True)
        return rare_states(self._without_subflows(self._newest.rows), self._wanted, counts, STATES, shown)

    @cached_property
    def _newest(self) -> Newest:
        return runs_in_range(self._wanted, self._range, self._sort, self._now)

    def _without_subflows(self, runs: Any) -> Any:
        return runs if self._with_subflows else runs.top_level()


def with_columns(runs: FlowRunQuerySet, *more: str) -> FlowRunQuerySet:
    return runs.select_related("flow", "deployment", "work_queue__work_pool").only(*_COLUMNS, *more)
