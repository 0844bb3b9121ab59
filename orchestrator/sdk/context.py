"""Which run the code that asks belongs to. Follows threads of the task runner and asyncio tasks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.sdk.built_flows.blocks import OpenBlock
    from orchestrator.sdk.flows.flow_run import FlowRun
    from orchestrator.sdk.tasks.task_run import TaskRun

current_flow_run: ContextVar[FlowRun | None] = ContextVar("orchestrator_flow_run", default=None)
current_task_run: ContextVar[TaskRun | None] = ContextVar("orchestrator_task_run", default=None)
current_block: ContextVar[OpenBlock | None] = ContextVar("orchestrator_block", default=None)
current_tags: ContextVar[frozenset[str]] = ContextVar("orchestrator_tags", default=frozenset())


@contextmanager
def tags(*names: str) -> Iterator[frozenset[str]]:
    """Give these tags to every run that begins inside. Nested uses add up."""
    token = current_tags.set(current_tags.get() | frozenset(names))
    try:
        yield current_tags.get()
    finally:
        current_tags.reset(token)
