"""The columns of the list of runs that a reader can add: `?cols=pool&cols=param.region`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count
from django.http import QueryDict

from orchestrator.pages.schema_forms import MASK
from orchestrator.pages.words import duration_words
from runs.models import Claim, FlowRun, Log
from runs.pages.parameters import shown_parameters

PARAMETER = "param."
MOST = 8  # columns that are added
MOST_TEXT = 80  # characters of a cell
_LEAST_LATE = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Cell:
    """`term` is what the list can be filtered by with this text; empty where it cannot."""

    text: str
    term: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    heading: str
    is_shown: bool = False


_HEADINGS = {
    "pool": "Work pool",
    "queue": "Work queue",
    "worker": "Worker",
    "version": "Version",
    "by": "Created by",
    "tries": "Tries",
    "late": "Late by",
    "warnings": "Warnings",
    "id": "Identifier",
}


def chosen_columns(query: QueryDict) -> list[Column]:
    """The added columns in the order of the address; what does not exist is passed over."""
    names = dict.fromkeys(name.strip() for text in query.getlist("cols") for name in text.split(","))
    known = [name for name in names if name in _HEADINGS or (name.startswith(PARAMETER) and name != PARAMETER)]
    return [Column(name, _heading(name), is_shown=True) for name in known[:MOST]]


def all_columns(chosen: Sequence[Column]) -> list[Column]:
    """What the chooser offers: all that there are, and the parameters that are chosen."""
    shown = {column.name for column in chosen}
    usual = [Column(name, heading, name in shown) for name, heading in _HEADINGS.items()]
    return usual + [column for column in chosen if column.name.startswith(PARAMETER)]


def read_cells(runs: Sequence[FlowRun], columns: Sequence[Column], now: datetime) -> dict[UUID, tuple[Cell, ...]]:
    """The cells of each run. One query for a column that stands in another table, none for the others."""
    if not columns:
        return {}
    names = {column.name for column in columns}
    elsewhere: dict[str, Mapping[UUID, str]] = {}
    if "worker" in names:
        elsewhere["worker"] = _workers(runs)
    if "warnings" in names:
        elsewhere["warnings"] = _warnings(runs)
    return {run.pk: tuple(_cell(run, column.name, elsewhere, now) for column in columns) for run in runs}


def _heading(name: str) -> str:
    return _HEADINGS.get(name) or name.removeprefix(PARAMETER)


def _cell(run: FlowRun, name: str, elsewhere: Mapping[str, Mapping[UUID, str]], now: datetime) -> Cell:
    if name in elsewhere:
        return Cell(elsewhere[name].get(run.pk, ""))
    if name.startswith(PARAMETER):
        text = _parameter(run, name.removeprefix(PARAMETER))
        return Cell(text, name if text and text != MASK and len(text) < MOST_TEXT else "")
    make, term = _CELLS[name]
    text = str(make(run, now))[:MOST_TEXT]
    return Cell(text, term if text else "")


def _parameter(run: FlowRun, path: str) -> str:
    value: Any = shown_parameters(run)
    for key in path.split("."):
        if not isinstance(value, dict) or key not in value:
            return ""
        value = value[key]
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)[:MOST_TEXT]


def _late_words(run: FlowRun, now: datetime) -> str:
    seconds = run.lateness(now)
    return duration_words(seconds) if seconds >= _LEAST_LATE else ""


_CELLS: dict[str, tuple[Callable[[Any, datetime], object], str]] = {
    "pool": (lambda run, now: run.work_queue.work_pool.name if run.work_queue else "", "pool"),
    "queue": (lambda run, now: run.work_queue.name if run.work_queue else run.work_queue_name or "", "queue"),
    "version": (lambda run, now: run.flow_version or "", "version"),
    "by": (lambda run, now: (run.created_by or {}).get("display_value") or "", "by"),
    "tries": (lambda run, now: run.run_count, ""),
    "late": (_late_words, ""),
    "id": (lambda run, now: run.pk, ""),
}


def _workers(runs: Sequence[FlowRun]) -> dict[UUID, str]:
    """The worker of the last attempt."""
    claims = Claim.objects.filter(flow_run__in=[run.pk for run in runs]).order_by("attempt")
    return dict(claims.values_list("flow_run", "worker_name"))


def _warnings(runs: Sequence[FlowRun]) -> dict[UUID, str]:
    lines = Log.objects.filter(flow_run_id__in=[run.pk for run in runs], level__gte=30, level__lt=40).order_by()
    counted = lines.values_list("flow_run_id").annotate(number=Count("pk"))
    return {run_id: str(number) for run_id, number in counted}
