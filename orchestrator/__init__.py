"""Orchestrator: write `@flow` and `@task` functions, watch them run.

Every public author name is importable from here and loaded on first use, so that
`import orchestrator` costs nothing to the server, the worker or the command line.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# name -> the module that defines it
_PUBLIC: dict[str, str] = {
    "flow": "orchestrator.sdk.flows",
    "Flow": "orchestrator.sdk.flows",
    "task": "orchestrator.sdk.tasks",
    "Task": "orchestrator.sdk.tasks",
    "unmapped": "orchestrator.sdk.annotations",
    "allow_failure": "orchestrator.sdk.annotations",
    "get_run_logger": "orchestrator.sdk.logs",
    "tags": "orchestrator.sdk.context",
    "wait": "orchestrator.sdk.futures",
    "as_completed": "orchestrator.sdk.futures",
    "TaskFuture": "orchestrator.sdk.futures",
    "run_deployment": "orchestrator.sdk.deploying",
    "deploy": "orchestrator.sdk.deploying",
    "serve": "orchestrator.sdk.serving",
    "Cron": "orchestrator.sdk.schedules",
    "Interval": "orchestrator.sdk.schedules",
    "RRule": "orchestrator.sdk.schedules",
    "GitRepository": "orchestrator.sdk.sources",
    "Archive": "orchestrator.sdk.sources",
    "RemoteStorage": "orchestrator.sdk.sources",
    "ThreadPoolTaskRunner": "orchestrator.sdk.runners",
    "State": "orchestrator.sdk.states",
    "Completed": "orchestrator.sdk.states",
    "Failed": "orchestrator.sdk.states",
    "Running": "orchestrator.sdk.states",
    "Pending": "orchestrator.sdk.states",
    "Cancelled": "orchestrator.sdk.states",
    "Cancelling": "orchestrator.sdk.states",
    "Crashed": "orchestrator.sdk.states",
    "Paused": "orchestrator.sdk.states",
    "Scheduled": "orchestrator.sdk.states",
    "AwaitingRetry": "orchestrator.sdk.states",
    "Retrying": "orchestrator.sdk.states",
    "OrchestratorError": "orchestrator.sdk.errors",
    "ServerUnreachable": "orchestrator.sdk.errors",
    "ApiError": "orchestrator.sdk.errors",
    "RunError": "orchestrator.sdk.errors",
    "FailedRun": "orchestrator.sdk.errors",
    "CrashedRun": "orchestrator.sdk.errors",
    "CancelledRun": "orchestrator.sdk.errors",
    "UnfinishedRun": "orchestrator.sdk.errors",
    "UpstreamFailed": "orchestrator.sdk.errors",
    "MissingResult": "orchestrator.sdk.errors",
    "MissingContext": "orchestrator.sdk.errors",
    "FlowTimeout": "orchestrator.sdk.errors",
    "TaskTimeout": "orchestrator.sdk.errors",
    "WaitTimeout": "orchestrator.sdk.errors",
    "ParameterBindError": "orchestrator.sdk.errors",
    "DeploymentError": "orchestrator.sdk.errors",
    "MappingError": "orchestrator.sdk.errors",
}

__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    try:
        module = _PUBLIC[name]
    except KeyError:
        raise AttributeError(f"module 'orchestrator' has no attribute {name!r}") from None
    value = getattr(import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
