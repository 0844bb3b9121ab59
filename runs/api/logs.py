"""Logs: written in batches, filtered, downloaded."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.http import StreamingHttpResponse
from rest_framework.request import Request

from orchestrator.contract.ids import uuid7
from orchestrator.rest.answering import Media
from orchestrator.rest.errors import NotFound
from orchestrator.rest.json import JsonAnswer
from orchestrator.rest.views import ApiView, answers, takes
from orchestrator.statements.making import made
from runs.api.bodies import LogCreate
from runs.models import FlowRun, Log
from runs.services.logs import write_logs

COLUMNS = ("timestamp", "level", "flow_run_id", "task_run_id", "message")
CHUNK = 2000  # rows that are read at a time


class Logs(ApiView):
    @takes(list[LogCreate])
    @answers(Any, 201)
    def post(self, request: Request, body: list[LogCreate]) -> JsonAnswer:
        """Store lines. A line whose `id` is stored already is passed over."""
        write_logs(lines=[_line(line) for line in body])
        return JsonAnswer(None, 201)


class LogDownload(ApiView):
    @answers(Media("text/csv"))
    def get(self, request: Request, flow_run_id: UUID) -> StreamingHttpResponse:
        """All lines of a flow run as CSV, oldest first."""
        name = FlowRun.objects.filter(pk=flow_run_id).values_list("name", flat=True).first()
        if name is None:
            raise NotFound("Flow run not found")
        rows = Log.objects.of_flow_run(flow_run_id).values_list(*COLUMNS)
        response = StreamingHttpResponse(_csv(rows.iterator(chunk_size=CHUNK)), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = (
            f"attachment; filename=\"flow-run-logs.csv\"; filename*=UTF-8''{quote(f'{name}-logs.csv', safe='')}"
        )
        return response


def _line(body: LogCreate) -> Log:
    return made(
        Log,
        id=body.id or uuid7(),
        created=None,  # when it is stored
        name=body.name,
        level=body.level,
        message=body.message,
        timestamp=body.timestamp,
        flow_run_id=body.flow_run_id,
        task_run_id=body.task_run_id,
    )


class _Echo:
    """A file that gives back what is written into it."""

    def write(self, text: str) -> str:
        return text


def _csv(rows: Iterator[tuple[Any, ...]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    for row in rows:
        yield writer.writerow(row)
