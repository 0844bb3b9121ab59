"""What the tasks of a flow run came to, so that a further attempt of the flow does not repeat them.

Two calls are the same when task and arguments are, and when each is the same number among such calls in its attempt.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from orchestrator.sdk.errors import UnhashableValue
from orchestrator.sdk.values.hashing import digest

if TYPE_CHECKING:
    from orchestrator.sdk.outcomes.states import State


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

    def call(self, task_key: str, inputs: dict[str, Any]) -> Call | None:
        """This call; None when its arguments cannot be told from others, so that it is made again each time."""
        try:
            hashed = digest(inputs)
        except UnhashableValue:
            return None
        with self._lock:
            number = self._numbers.get((task_key, hashed), 0) + 1
            self._numbers[task_key, hashed] = number
        return Call(task_key, hashed, number)

    def find(self, call: Call) -> State | None:
        """How it ended in an earlier attempt; None when it did not complete."""
        return self._ended.get(call)

    def remember(self, call: Call, state: State) -> None:
        with self._lock:
            self._ended[call] = state

    def forget(self, call: Call) -> None:
        with self._lock:
            self._ended.pop(call, None)
