"""`/artifacts/artifact/<id>` one version, and `/artifacts/key/<key>` the latest of its key."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from orchestrator.pages.actions import action, confirm, done
from orchestrator.pages.addresses import address_of
from orchestrator.pages.charts.meter import Meter
from orchestrator.pages.export import export_as
from orchestrator.pages.markdown import PICTURES, render_markdown
from orchestrator.pages.page import no_such, page, render_page
from orchestrator.pages.words import exact_words
from runs.errors import ArtifactNotFound
from runs.models import Artifact, ArtifactCollection, FlowRun, TaskRun
from runs.pages.artifact_differences import Difference, difference
from runs.pages.artifact_previews import link_address, progress_bar
from runs.pages.artifact_tables import Table, TablePage, page_of, read_table
from runs.services.artifacts import delete_artifact

VERSIONS = 20  # of the key that the page names
MOST_JSON = 50_000  # characters of data that is none of the known kinds


@dataclass(frozen=True, slots=True)
class Content:
    """The data as it is shown: by what is set."""

    markdown: SafeString | None = None
    table: TablePage | None = None
    picture: str = ""  # an address that the page may load
    link: str = ""
    progress: Meter | None = None
    text: str | None = None


@require_safe
@page
def artifact(request: HttpRequest, artifact_id: str) -> HttpResponseBase:
    """Clients know an artifact by its own identifier, or by that of its key."""
    found = Artifact.objects.filter(pk=UUID(artifact_id)).first()
    if found is None:
        latest = ArtifactCollection.objects.filter(pk=UUID(artifact_id)).values("latest_id")
        found = Artifact.objects.filter(pk__in=latest).first()
    return _answer(request, found) if found else no_such(request, "artifact", artifact_id)


@require_safe
@page
def artifact_key(request: HttpRequest, key: str) -> HttpResponseBase:
    latest = ArtifactCollection.objects.filter(key=key).values("latest_id")
    found = Artifact.objects.filter(pk__in=latest).first()
    return _answer(request, found, is_key=True) if found else no_such(request, "artifact with the key", key[:100])


@action
def delete(request: HttpRequest, artifact_id: str) -> HttpResponseBase:
    found = Artifact.objects.filter(pk=UUID(artifact_id)).defer("data").first()
    if found is None:
        return no_such(request, "artifact", artifact_id)
    question = confirm(
        request,
        title="Delete this version" if found.key else "Delete this artifact",
        sentence="It is gone for good. The version before it becomes the latest of its key."
        if found.key
        else "It is gone for good.",
        button="Delete",
        back=address_of("artifact", artifact_id),
        rows=[
            ("Artifact", str(found)),
            ("Type", found.type or "result"),
            ("Made", exact_words(found.created)),
        ],
    )
    if question is not None:
        return question
    try:
        delete_artifact(artifact_id=found.pk)
    except ArtifactNotFound:
        return no_such(request, "artifact", artifact_id)
    return done(request, f"{found} was deleted.", address_of("artifacts"))


def _answer(request: HttpRequest, found: Artifact, *, is_key: bool = False) -> HttpResponseBase:
    table = read_table(found.data) if found.type == "table" else None
    if table and (exported := _export(request, table, found)):
        return exported
    part = request.GET.get("fragment")
    context: dict[str, Any] = {
        "section": "artifacts",
        "artifact": found,
        "is_key": is_key,
        "content": content_of(found, table, request),
        "topics": f"artifact:{found.pk} artifacts" if is_key else f"artifact:{found.pk}",
    }
    if part is None:
        context |= _surroundings(request, found)
    return render_page(request, "artifacts/artifact.html", context, fragments={"content": "artifacts/content.html"})


def content_of(found: Artifact, table: Table | None, request: HttpRequest) -> Content:
    data = found.data
    if found.type == "markdown" and isinstance(data, str):
        return Content(markdown=render_markdown(data))
    if table is not None:
        return Content(table=page_of(table, request.GET))
    if found.type == "image" and isinstance(data, str):
        is_own = data.lower().startswith(PICTURES)
        return Content(picture=data) if is_own else Content(link=link_address(data), text=data)
    if found.type == "progress":
        return Content(progress=progress_bar(data))
    return Content(text=_as_text(data))


def _surroundings(request: HttpRequest, found: Artifact) -> dict[str, Any]:
    """The versions of its key, and the run that made it."""
    versions: list[Artifact] = []
    if found.key is not None:
        same = Artifact.objects.filter(key=found.key).only("id", "key", "created", "flow_run_id", "type")
        newer = list(same.filter(pk__gt=found.pk).order_by("id")[: VERSIONS // 2])[::-1]
        older = list(same.filter(pk__lt=found.pk).order_by("-id")[: VERSIONS - len(newer)])
        versions = [*newer, found, *older]
    before = _next(versions, found, 1)
    compared, changes = _compare(request, found, before)
    return {
        "versions": versions,
        "newer": _next(versions, found, -1),
        "before": before,
        "compared": compared,
        "changes": changes,
        "description": render_markdown(found.description) if found.description else None,
        "flow_run": FlowRun.objects.filter(pk=found.flow_run_id).only("name").first() if found.flow_run_id else None,
        "task_run": TaskRun.objects.filter(pk=found.task_run_id).only("name").first() if found.task_run_id else None,
    }


def _compare(
    request: HttpRequest, found: Artifact, before: Artifact | None
) -> tuple[Artifact | None, Difference | None]:
    """`?with=<id>` names another version of the same key, `?with=before` the one before."""
    asked = request.GET.get("with", "")
    if not asked or found.key is None:
        return None, None
    if asked == "before":
        asked = str(before.pk) if before else ""
    try:
        other = Artifact.objects.filter(pk=UUID(asked), key=found.key).first()
    except ValueError:
        other = None
    return (other, difference(other, found)) if other else (None, None)


def _next(versions: list[Artifact], found: Artifact, step: int) -> Artifact | None:
    place = versions.index(found) + step if versions else -1
    return versions[place] if 0 <= place < len(versions) else None


def _export(request: HttpRequest, table: Table, found: Artifact) -> HttpResponseBase | None:
    columns = {name: _cell(place) for place, name in enumerate(table.columns)}
    return export_as(request, table.rows, columns, found.key or "table")


def _cell(place: int) -> Any:
    return lambda row: row[place]


def _as_text(data: Any) -> str:
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, indent=2, default=str)
    return text if len(text) <= MOST_JSON else f"{text[:MOST_JSON]}\n… {len(text) - MOST_JSON:,} more characters"
