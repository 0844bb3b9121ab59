"""What a test reads of its runs: values, as they were when it asked."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """A flow run or task run. `of` is the name of its flow or task.

    `states` are the names of all states it went through, `messages` what they said, in the same order.
    `seconds` is how long it ran, all attempts together. `parent_id` is the run that it was called in; None for none.
    """

    id: str
    name: str
    of: str
    kind: str  # "flow run" or "task run"
    state_name: str
    state_type: str
    states: tuple[str, ...]
    messages: tuple[str | None, ...]
    run_count: int
    tags: tuple[str, ...]
    parameters: dict[str, Any] | None
    parent_id: str | None
    seconds: float

    def __str__(self) -> str:
        return f"{self.kind} {self.name!r} of {self.of!r} ({' → '.join(self.states)})"

    @property
    def message(self) -> str | None:
        """What the last state says."""
        return self.messages[-1] if self.messages else None


@dataclass(frozen=True, slots=True)
class RecordedLog:
    """One log line. `level` is a number as the standard library has it; of `task_run_id` and `flow_run_id` one may be
    None."""

    message: str
    level: int
    timestamp: datetime
    flow_run_id: str | None
    task_run_id: str | None

    @property
    def level_name(self) -> str:
        return logging.getLevelName(self.level)

    def __str__(self) -> str:
        return f"{self.level_name}: {self.message}"
