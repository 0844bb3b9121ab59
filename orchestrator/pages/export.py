"""A list as a file: everything that matches its filter, as CSV or JSON, sent while it is read."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from io import StringIO
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse

from orchestrator.pages.page import with_page_headers
from orchestrator.web.csv_cells import csv_cell, plain_text

FORMATS = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
MOST_ROWS = 100_000  # in one file

Columns = Mapping[str, Callable[[Any], Any]]


def asks_for_file(request: HttpRequest) -> bool:
    return request.GET.get("export", "") in FORMATS


def export_as(request: HttpRequest, rows: Iterable[Any], columns: Columns, name: str) -> StreamingHttpResponse | None:
    """The file that `?export=csv` or `?export=json` asks for; None when the page itself is asked for.

    `rows` is read once, so a query set should be given as `.iterator()`; at most MOST_ROWS rows are written.
    `columns` are the headings, each with what makes its cell out of a row. `name` is the file's, without its ending.
    """
    kind = request.GET.get("export", "")
    if not asks_for_file(request):
        return None
    lines = _csv(rows, columns) if kind == "csv" else _json(rows, columns)
    response = StreamingHttpResponse(lines, content_type=FORMATS[kind])
    response["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    with_page_headers(response)
    return response


def _csv(rows: Iterable[Any], columns: Columns) -> Iterator[str]:
    buffer = StringIO()
    writer = csv.writer(buffer)
    writer.writerow(map(csv_cell, columns))
    for row in _bounded(rows):
        writer.writerow([csv_cell(make(row)) for make in columns.values()])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _json(rows: Iterable[Any], columns: Columns) -> Iterator[str]:
    before = "[\n"
    for row in _bounded(rows):
        cells = {heading: make(row) for heading, make in columns.items()}
        yield before + json.dumps(cells, default=plain_text, ensure_ascii=False)
        before = ",\n"
    yield "\n]\n" if before != "[\n" else "[]\n"


def _bounded(rows: Iterable[Any]) -> Iterator[Any]:
    for number, row in enumerate(rows):
        if number >= MOST_ROWS:
            return
        yield row
