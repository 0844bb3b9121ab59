"""The log on the page of a flow run. What a log shows and answers is in `runs/pages/logs`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase

from runs.pages.flow_run.subject import Subject
from runs.pages.logs.panel import LogOwner, answer_about_log, read_log


def read_logs(request: HttpRequest, subject: Subject) -> dict[str, Any]:
    owner = LogOwner.of_flow_run(subject.run, subject.known_tasks)
    return {"log_topic": f"logs:{subject.run.id}"} | read_log(request, owner)


def about_log(request: HttpRequest, subject: Subject) -> HttpResponseBase | None:
    """The newest lines, or the way to the next error, where the request asks for that instead of the page."""
    return answer_about_log(request, LogOwner.of_flow_run(subject.run))
