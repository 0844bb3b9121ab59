"""The lines that a filter shows, as a file: text, CSV or one JSON value a line. Streamed, whatever their number."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from io import StringIO
from itertools import islice
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.http import require_safe

from orchestrator.contract.times import format_time
from orchestrator.pages.export import csv_cell
from orchestrator.pages.page import no_such, page
from runs.models import FlowRun, Log, TaskRun
from runs.pages.logs.lines import CRITICAL, level_of, task_name_of
from runs.pages.logs.panel import LogOwner, read_filter
from runs.pages.logs.patterns import PatternRefused
from runs.pages.logs.walking import all_lines

LINES_AT_ONCE = 500
COLUMNS = ("timestamp", "level", "logger", "task", "task_run_id", "id", "message")
TYPES = {"txt": "text/plain", "csv": "text/csv", "ndjson": "application/x-ndjson"}


@require_safe
@page
def download_run_logs(request: HttpRequest, run_id: UUID, kind: str) -> HttpResponseBase:
    run = FlowRun.objects.filter(id=run_id).first()
    return _file(request, LogOwner.of_flow_run(run), kind) if run else no_such(request, "flow run", run_id)


@require_safe
@page
def download_task_logs(request: HttpRequest, run_id: UUID, kind: str) -> HttpResponseBase:
    task = TaskRun.objects.filter(id=run_id).first()
    return _file(request, LogOwner.of_task_run(task), kind) if task else no_such(request, "task run", run_id)


def _file(request: HttpRequest, owner: LogOwner, kind: str) -> HttpResponseBase:
    lines = _until_refused(all_lines(owner.logs, read_filter(request, owner)))
    response = StreamingHttpResponse(_WRITERS[kind](lines), content_type=f"{TYPES[kind]}; charset=utf-8")
    name = quote(f"{owner.run.name}-logs.{kind}", safe="")
    response["Content-Disposition"] = f"attachment; filename=\"logs.{kind}\"; filename*=UTF-8''{name}"
    return response


def _until_refused(lines: Iterator[Log]) -> Iterator[Log | str]:
    """The lines, and as the last thing the words that say why there are no more."""
    try:
        yield from lines
    except PatternRefused as refusal:
        yield f"The file ends here. {refusal}"


def _as_text(lines: Iterator[Log | str]) -> Iterator[str]:
    for some in _some(lines):
        yield "".join(f"{line}\n" if isinstance(line, str) else _text_of(line) for line in some)


def _text_of(line: Log) -> str:
    task = f" {name} |" if (name := task_name_of(line)) else ""
    return f"{format_time(line.timestamp)} {_level_word(line):8}{task} {line.message}\n"


def _as_csv(lines: Iterator[Log | str]) -> Iterator[str]:
    yield _rows([COLUMNS])
    for some in _some(lines):
        yield _rows(
            ["", "", "", "", "", "", line] if isinstance(line, str) else map(csv_cell, _values(line).values())
            for line in some
        )


def _as_ndjson(lines: Iterator[Log | str]) -> Iterator[str]:
    for some in _some(lines):
        values = ({"problem": line} if isinstance(line, str) else _values(line) for line in some)
        yield "".join(f"{json.dumps(value, ensure_ascii=False)}\n" for value in values)


def _some(lines: Iterator[Log | str]) -> Iterator[list[Log | str]]:
    """In pieces, because each piece that is sent costs more than a line."""
    while some := list(islice(lines, LINES_AT_ONCE)):
        yield some


def _values(line: Log) -> dict[str, Any]:
    task_run_id = str(line.task_run_id) if line.task_run_id else None
    told = (format_time(line.timestamp), _level_word(line), line.name, task_name_of(line), task_run_id, str(line.id))
    return dict(zip(COLUMNS, (*told, line.message), strict=True))


def _level_word(line: Log) -> str:
    return "CRITICAL" if line.level >= CRITICAL else level_of(line.level).upper()


def _rows(rows: Iterable[Iterable[Any]]) -> str:
    text = StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


_WRITERS: dict[str, Callable[[Iterator[Log | str]], Iterator[str]]] = {
    "txt": _as_text,
    "csv": _as_csv,
    "ndjson": _as_ndjson,
}
