"""Loggers for code that stands beside a run, such as a hook: its lines belong to the run all the same."""

from __future__ import annotations

from typing import Any

from orchestrator.sdk.api.run_client import client_of_run
from orchestrator.sdk.recording import logs
from orchestrator.sdk.recording.logs import RunLogger


def flow_run_logger(flow_run: Any, flow: Any = None) -> RunLogger:
    """A logger for a flow run that one has, as a hook gets it: anything with `id` and `name`.

    `flow` may be given, as Prefect's scripts do; the run alone says where the lines belong.
    """
    return logs.flow_run_logger(flow_run_id=str(flow_run.id), name=flow_run.name, delivery=_delivery())


def task_run_logger(task_run: Any, task: Any = None, flow_run: Any = None, flow: Any = None) -> RunLogger:
    """A logger for a task run that one has, as a hook gets it: anything with `id`, `name` and `flow_run_id`.

    `flow_run` says which flow run the lines belong to when the task run does not. `task` and `flow` may be given, as
    Prefect's scripts do.
    """
    flow_run_id = flow_run.id if flow_run is not None else getattr(task_run, "flow_run_id", None)
    return logs.task_run_logger(
        flow_run_id=str(flow_run_id) if flow_run_id else None,
        task_run_id=str(task_run.id),
        name=task_run.name,
        delivery=_delivery(),
    )


def _delivery() -> Any:
    client = client_of_run()
    return client.delivery if client is not None else None
