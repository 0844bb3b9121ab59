"""What the tasks of a flow run came to, so that a further attempt of the flow does not repeat them.

Two calls are the same when task and arguments are, and when each is the same number among such calls in its attempt.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from orchestrator.sdk.errors import UnhashableValue
from orchestrator.sdk.outcomes.states import Completed, State
from orchestrator.sdk.values.hashing import digest

if TYPE_CHECKING:
    from orchestrator.sdk.tasks.task_run import TaskRun


class Call(NamedTuple):
    """One call of a task among those of an attempt."""

    task_key: str
    inputs: str
    number: int


class FinishedTasks:
    """The memory of one flow run. It lasts as long as the run, in its process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ended: dict[Call, State] = {}
        self._numbers: dict[tuple[str, str], int] = {}

    def begin_attempt(self) -> None:
        with self._lock:
            self._numbers.clear()

    def keeps(self, run: TaskRun) -> bool:
        """Whether a further attempt of the run's flow takes over what it comes to."""
        if run.flow_run is None or run.gives_items:  # who gets items one at a time cannot be given them again
            return False
        return run.flow_run.flow.retries > 0 and run.task.may_be_cached

    def call_of(self, run: TaskRun, parameters: dict[str, Any]) -> Call | None:
        """Which call the run is; None when a further attempt makes it again, as when its arguments cannot be told from
        others."""
        if not self.keeps(run):
            return None
        try:
            hashed = digest({**run.task.instance_input, **parameters})
        except UnhashableValue:
            return None
        task_key = run.task.task_key
        with self._lock:
            number = self._numbers.get((task_key, hashed), 0) + 1
            self._numbers[task_key, hashed] = number
        return Call(task_key, hashed, number)

    def earlier_end(self, call: Call) -> State | None:
        """The state to enter for a call that completed in an earlier attempt; None when it is to be executed."""
        known = self._ended.get(call)
        if known is None:
            return None
        message = "Completed in an earlier attempt of the flow run."
        return Completed(name="Cached", message=message, data=known.outcome).with_(data=known.data)

    def remember(self, call: Call, state: State) -> None:
        with self._lock:
            self._ended[call] = state

    def forget(self, call: Call) -> None:
        with self._lock:
            self._ended.pop(call, None)
