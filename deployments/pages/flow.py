"""`/flows/flow/<id>`: one flow: its runs over time, what goes wrong with it, and its deployments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Max
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from deployments.models import Deployment
from deployments.pages.deployment_rows import deployment_rows, with_next_run
from deployments.pages.flow_list import failure_rates
from deployments.pages.recent_runs import percentile
from orchestrator.contract.states import StateType
from orchestrator.pages.addresses import address_of
from orchestrator.pages.charts.bars import stacked_bars
from orchestrator.pages.charts.sparkline import Mark, sparkline
from orchestrator.pages.charts.states import buckets_by_state
from orchestrator.pages.looks import look_of
from orchestrator.pages.page import no_such, page, render_page
from orchestrator.pages.words import duration_words
from runs.models import Flow, FlowRun

LISTED = 10  # of the last runs, as a table
TREND = 50  # runs whose durations are drawn
MOST_COUNTED = 100_000  # runs that are drawn by their states: the newest
UPCOMING = 5
MOST_DEPLOYMENTS = 25
ERRORS = 5
SPAN = timedelta(days=7)
STEP = timedelta(hours=3)

FRAGMENTS = {name: f"flows/flow/{name}.html" for name in ("header", "chart", "runs", "deployments", "errors")}
_COLUMNS = (
    "id", "name", "state", "state_type", "state_name", "state_timestamp", "total_run_time", "start_time", "end_time",
    "expected_start_time", "error_type", "error_message", "created", "deployment_id", "deployment__name",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """Failures of one kind: `words` are those of one of them."""

    fingerprint: str
    words: str
    frame: str
    number: int
    last: datetime | None


class _Reader:
    """Reads what several parts of the page need, each once."""

    def __init__(self, flow: Flow, now: datetime, request: HttpRequest) -> None:
        self.flow, self.now, self.request = flow, now, request
        self._started: list[FlowRun] | None = None

    def started(self) -> list[FlowRun]:
        """Those that began, newest first."""
        if self._started is None:
            rows = FlowRun.objects.filter(flow=self.flow, start_time__isnull=False).newest_first()
            related = rows.filter(sort_time__lte=self.now).select_related("deployment")
            self._started = list(related.only(*_COLUMNS)[:TREND])
        return self._started


@require_safe
@page
def flow(request: HttpRequest, flow_id: UUID) -> HttpResponseBase:
    found = Flow.objects.filter(pk=flow_id).first()
    if found is None:
        return no_such(request, "flow", flow_id)
    reader = _Reader(found, timezone.now(), request)
    fragment = request.GET.get("fragment")
    context: dict[str, Any] = {"section": "flows", "flow": found, "now": reader.now}
    for name, read in _PARTS.items():
        if fragment in (None, name):
            context |= read(reader)
    return render_page(request, "flows/flow.html", context, fragments=FRAGMENTS)


def _read_header(reader: _Reader) -> dict[str, Any]:
    started = reader.started()
    return {
        "last": started[0] if started else None,
        "failures": failure_rates([reader.flow.pk], reader.now)[reader.flow.pk],
    }


def _read_chart(reader: _Reader) -> dict[str, Any]:
    since = reader.now - SPAN
    rows = FlowRun.objects.filter(flow=reader.flow).newest_first()
    in_span = rows.filter(sort_time__gte=since, sort_time__lte=reader.now)
    oldest = next(iter(in_span.values_list("sort_time", flat=True)[MOST_COUNTED - 1 : MOST_COUNTED]), None)
    if oldest is not None:
        in_span = in_span.filter(sort_time__gte=oldest)
    runs = address_of("runs")

    def url_of(start: datetime, end: datetime) -> str:
        return f"{runs}?flow={reader.flow.pk}&from={start:%Y-%m-%dT%H:%MZ}&to={end:%Y-%m-%dT%H:%MZ}&subflows=1"

    buckets = buckets_by_state(in_span, "sort_time", since, reader.now, step=STEP, url_of=url_of)
    started = reader.started()[::-1]
    seconds = sorted(run.total_run_time for run in started if run.state_type == StateType.COMPLETED)
    p50, p95 = percentile(seconds, 0.5), percentile(seconds, 0.95)
    return {
        "bars": stacked_bars(buckets, sentence=f"Runs by state, per {STEP.seconds // 3600} hours, in the last 7 days"),
        "counted_since": oldest,
        "any_runs": any(bucket.total for bucket in buckets),
        "trend": sparkline(
            [_mark(run, reader.now) for run in started],
            sentence=f"How long the last {len(started)} runs took; half of them {duration_words(p50) or 'none ended'}",
        ),
        "p50": p50,
        "p95": p95,
    }


def _mark(run: FlowRun, now: datetime) -> Mark:
    look, seconds = look_of(run.state_type, run.state_name), run.estimated_run_time(now)
    title = f"{run.name}: {look.word}, {duration_words(seconds)}"
    return Mark(look.tone, seconds, url=address_of("flow-run", run.pk), title=title)


def _read_runs(reader: _Reader) -> dict[str, Any]:
    planned = FlowRun.objects.scheduled().filter(flow=reader.flow, next_scheduled_start_time__gt=reader.now)
    columns = ("id", "name", "next_scheduled_start_time", "deployment__name")
    soonest = planned.select_related("deployment").order_by("next_scheduled_start_time").only(*columns)
    return {"runs": reader.started()[:LISTED], "upcoming": list(soonest[:UPCOMING])}


def _read_deployments(reader: _Reader) -> dict[str, Any]:
    rows = with_next_run(Deployment.objects.filter(flow=reader.flow)).order_by("name", "pk")
    found = list(rows[: MOST_DEPLOYMENTS + 1])
    return {
        "rows": deployment_rows(found[:MOST_DEPLOYMENTS], reader.now),
        "more_deployments": len(found) > MOST_DEPLOYMENTS,
        "entrypoints": sorted({one.entrypoint for one in found if one.entrypoint})[:UPCOMING],
    }


def _read_errors(reader: _Reader) -> dict[str, Any]:
    counted = (
        FlowRun.objects.filter(flow=reader.flow, error_fingerprint__isnull=False)
        .alias(sort_time=Coalesce("start_time", "expected_start_time"))
        .filter(sort_time__gte=reader.now - SPAN)
        .order_by()
        .values_list("error_fingerprint", "error_type")
        .annotate(number=Count("pk"), last=Max("end_time"), message=Max("error_message"), frame=Max("error_frame"))
        .order_by("-number", "error_fingerprint")
    )
    rows = [
        ErrorRow(fingerprint, ": ".join(filter(None, (kind, message))), frame or "", number, last)
        for fingerprint, kind, number, last, message, frame in counted[:ERRORS]
    ]
    return {"errors": rows}


_PARTS: dict[str, Callable[[_Reader], dict[str, Any]]] = {
    "header": _read_header,
    "chart": _read_chart,
    "deployments": _read_deployments,
    "errors": _read_errors,
    "runs": _read_runs,
}
