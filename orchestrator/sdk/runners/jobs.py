"""A task run that was submitted, on its way through a pool."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context

from orchestrator.sdk.engine.conversation import drive, drive_async
from orchestrator.sdk.outcomes.states import State
from orchestrator.sdk.tasks.task_execution import converse
from orchestrator.sdk.tasks.task_run import TaskRun


class Job:
    """Something to execute, or to drop when the flow run ends badly before its turn. It remembers the context in which
    it was submitted."""

    __slots__ = ("context", "run", "settle")

    def __init__(self, run: TaskRun, settle: Callable[[State], None]) -> None:
        """`settle` is told the last state, once or more often."""
        self.run = run
        self.settle = settle
        self.context = copy_context()

    def execute(self) -> None:
        """In this thread, to the end. What the author's code raises becomes the state."""
        try:
            state: State = self.context.run(drive_here, self.run)
        except BaseException:  # noqa: BLE001 - see below
            # The run has recorded its crash; whoever waits must still be woken, and the thread belongs to the pool.
            state = self.run.state
        self.settle(state)

    def drop(self) -> None:
        self.settle(self.run.cancel_before_begin("The flow run ended before the task run could begin."))


def drive_here(run: TaskRun) -> State:
    """Execute the run in this thread, an async one in a loop of its own; returns its last state."""
    if not run.task.is_async:
        state: State = drive(converse(run))
        return state
    import asyncio

    async def driven() -> State:
        last: State = await drive_async(converse(run))
        return last

    return asyncio.run(driven())
