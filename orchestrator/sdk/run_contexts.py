"""What the code that executes may ask of its surroundings: `get_run_context()`, `FlowRunContext.get()`, ….

    context = get_run_context()
    context.flow_run.name, context.parameters, context.start_time

Inside a task there are both contexts; `get_run_context` gives that of the task.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.sdk.context import current_flow_run, current_tags, current_task_run
from orchestrator.sdk.errors import MissingContext

if TYPE_CHECKING:
    from datetime import datetime

    from orchestrator.sdk.flows.flow import Flow
    from orchestrator.sdk.flows.flow_run import FlowRun
    from orchestrator.sdk.tasks.task import Task
    from orchestrator.sdk.tasks.task_run import TaskRun


@dataclass(frozen=True)
class FlowRunContext:
    """The flow run that executes."""

    flow: Flow[Any, Any]
    flow_run: FlowRun
    parameters: dict[str, Any]

    @classmethod
    def get(cls) -> FlowRunContext | None:
        """The context of the flow run that the calling code belongs to, also from inside its tasks; None outside."""
        run = current_flow_run.get()
        return None if run is None else cls(run.flow, run, run.parameters)

    @property
    def start_time(self) -> datetime | None:
        """When the run began; None before that."""
        return self.flow_run.start_time

    @property
    def task_runner(self) -> Any:
        """Where its submitted tasks execute."""
        return self.flow.task_runner

    @property
    def log_prints(self) -> bool:
        """Whether what is printed becomes part of the log."""
        return self.flow.log_prints

    @property
    def persist_result(self) -> bool:
        """Whether what it returns is stored."""
        return self.flow_run.persists_results


@dataclass(frozen=True)
class TaskRunContext:
    """The task run that executes; functions that make cache keys are given it, too."""

    task: Task[Any, Any]
    task_run: TaskRun
    parameters: dict[str, Any]

    @classmethod
    def get(cls) -> TaskRunContext | None:
        """The context of the task run that the calling code belongs to; None outside, and inside a flow that a task
        called."""
        run = current_task_run.get()
        return None if run is None else cls(run.task, run, run.input_values)

    @property
    def start_time(self) -> datetime | None:
        """When the first try began; None before that."""
        return self.task_run.start_time

    @property
    def log_prints(self) -> bool:
        """Whether what is printed becomes part of the log."""
        return self.task_run.log_prints

    @property
    def persist_result(self) -> bool | None:
        """Whether what it returns is stored; None as the flow says."""
        return self.task.persist_result


@dataclass(frozen=True)
class TagsContext:
    """The tags that runs which begin here are given."""

    current_tags: frozenset[str]

    @classmethod
    def get(cls) -> TagsContext:
        """Those of all `with tags(…)` and of the flow around the calling code."""
        return cls(current_tags.get())


def get_run_context() -> TaskRunContext | FlowRunContext:
    """The context of the task run that executes, else that of the flow run. Raises MissingContext outside of both."""
    context = TaskRunContext.get() or FlowRunContext.get()
    if context is None:
        raise MissingContext("get_run_context() was called outside of a flow or task run.")
    return context
