"""How a function becomes a service."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from celery import Task, shared_task
from django.db import DatabaseError

from orchestrator.periodic.registry import Service, register

logger = logging.getLogger(__name__)

MOST_SECONDS = 5.0  # that a service works between two renewals of its lease, unless it says otherwise
DUE_AT = "due_at"  # the header in which beat says for which moment it sends a message


def service(
    *, every_seconds: float, most_seconds: float = MOST_SECONDS, has_work: Callable[[], bool] | None = None
) -> Callable[[Callable[[], int]], Service]:
    """Make a function a service of the function's name, described by the first line of its docstring.

    The function does a bounded piece of work and returns how many rows it touched. It may be called twice, by two
    processes, and be killed at any moment. Beat starts it `every_seconds`, which an administrator can change.
    `most_seconds` is the longest that it works between two renewals of its lease, and so also about how long nobody
    else does the work after its process was killed. Work in `repeat` renews it between two batches.
    `has_work` is one cheap question to the database, for a service that is to be quick and mostly finds nothing: while
    the answer is no, it is run only now and then. It must never say no when there is something to do.
    """

    def declare(work: Callable[[], int]) -> Service:
        declared = Service(
            name=work.__name__,
            description=(inspect.getdoc(work) or "").partition("\n")[0],
            every_seconds=every_seconds,
            most_seconds=most_seconds,
            work=work,
            has_work=has_work,
        )
        register(declared)
        shared_task(name=declared.task_name, bind=True, ignore_result=True)(_task(declared))
        return declared

    return declare


def _task(declared: Service) -> Callable[[Task], None]:
    def run(self: Task) -> None:
        from orchestrator.periodic.running import run_service  # the models are not there yet when apps are declared

        try:
            run_service(declared, due_at=_due_at(self.request.headers))
        except DatabaseError as error:
            logger.warning("The service %s could not be run: %s", declared.name, error)  # the next tick tries again

    run.__name__ = declared.name
    run.__module__ = declared.work.__module__
    run.__doc__ = declared.description
    return run


def _due_at(headers: dict[str, Any] | None) -> datetime | None:
    """None when somebody asked for a run outside the clock's time."""
    text = (headers or {}).get(DUE_AT)
    return datetime.fromisoformat(text) if text else None
