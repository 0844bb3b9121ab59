"""`/artifacts/`: what runs produced for people to read, by key or version by version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from orchestrator.pages.addresses import address_of
from orchestrator.pages.export import export_as
from orchestrator.pages.identifiers import whole_identifier
from orchestrator.pages.keyset import Order, read_page
from orchestrator.pages.page import page, render_page
from orchestrator.pages.time_range import TimeRange
from runs.models import Artifact, ArtifactCollection, FlowRun, TaskRun
from runs.pages.artifact_previews import TYPES, Preview, preview_of, with_heads

BY_KEY = (Order("updated", "updated", "Updated"), Order("key", "key", "Key"), Order("created", "created", "First made"))
BY_VERSION = (Order("created", "created", "Made"),)
COLUMNS = {
    "key": lambda row: row.key,
    "type": lambda row: row.type,
    "description": lambda row: row.description,
    "created": lambda row: row.created,
    "updated": lambda row: row.updated,
    "flow_run_id": lambda row: row.flow_run_id,
    "task_run_id": lambda row: row.task_run_id,
    "data": lambda row: row.data,
}


@dataclass(frozen=True, slots=True)
class Row:
    artifact: Any  # an Artifact, or an ArtifactCollection that shows the latest of its key
    preview: Preview
    url: str
    run: str  # the name of the flow run that made it
    task: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for. Versions are asked for by key, by run, or by `?versions=1`."""

    types: tuple[str, ...]
    text: str
    key: str
    flow_run: UUID | None
    task_run: UUID | None
    is_by_version: bool
    range: TimeRange

    @classmethod
    def from_request(cls, request: HttpRequest) -> Wanted:
        query = request.GET
        flow_run, task_run = (whole_identifier(query.get(name)) for name in ("flow_run", "task_run"))
        key = query.get("key", "").strip()
        of_one = bool(flow_run or task_run or key)
        return cls(
            types=tuple(one for one in query.getlist("type") if one in TYPES),
            text=query.get("q", "").strip(),
            key=key,
            flow_run=flow_run,
            task_run=task_run,
            is_by_version=of_one or query.get("versions") == "1",
            range=TimeRange.from_query(query, usual="all" if of_one else "7d", now=timezone.now()),
        )

    @property
    def is_narrowed(self) -> bool:
        return bool(self.types or self.text or self.key or self.flow_run or self.task_run)

    def rows(self) -> QuerySet[Any]:
        if not self.is_by_version:
            latest = ArtifactCollection.objects.all()
            latest = latest.filter(type__in=self.types) if self.types else latest
            return latest.filter(key__icontains=self.text) if self.text else latest
        # What a run returned is recorded as an artifact too, without a type; people did not make it.
        versions = Artifact.objects.filter(type__in=self.types) if self.types else Artifact.objects.exclude(type=None)
        for column, value in (("key", self.key), ("flow_run_id", self.flow_run), ("task_run_id", self.task_run)):
            versions = versions.filter(**{column: value}) if value else versions
        if self.range.since:
            versions = versions.filter(created__gte=self.range.since)
        if self.range.until:
            versions = versions.filter(created__lt=self.range.until)
        return versions.filter(key__icontains=self.text) if self.text else versions


@require_safe
@page
def artifacts(request: HttpRequest) -> HttpResponseBase:
    wanted = Wanted.from_request(request)
    rows = wanted.rows()
    if exported := export_as(request, rows.order_by("-created").iterator(), COLUMNS, "artifacts"):
        return exported
    orders, usual = (BY_VERSION, "-created") if wanted.is_by_version else (BY_KEY, "-updated")
    shown = read_page(with_heads(rows), request.GET, orders, usual=usual)
    context = {
        "section": "artifacts",
        "wanted": wanted,
        "time_range": wanted.range,
        "types": TYPES[:4],
        "page": shown,
        "rows": _rows(shown.rows),
        "is_live": shown.is_first and shown.sort == usual,
        "of_run": FlowRun.objects.filter(pk=wanted.flow_run).only("name").first() if wanted.flow_run else None,
    }
    return render_page(request, "artifacts/list.html", context, fragments={"artifacts": "artifacts/list_rows.html"})


def _rows(shown: list[Any]) -> list[Row]:
    runs = _names(FlowRun.objects.all(), {row.flow_run_id for row in shown})
    tasks = _names(TaskRun.objects.all(), {row.task_run_id for row in shown})
    return [
        Row(
            artifact=row,
            preview=preview_of(row),
            url=address_of("artifact-key", row.key)
            if isinstance(row, ArtifactCollection)
            else address_of("artifact", row.pk),
            run=runs.get(row.flow_run_id, ""),
            task=tasks.get(row.task_run_id, ""),
        )
        for row in shown
    ]


def _names(runs: QuerySet[Any], identifiers: set[UUID | None]) -> dict[UUID | None, str]:
    known = identifiers - {None}
    return dict(runs.filter(pk__in=known).values_list("pk", "name")) if known else {}
