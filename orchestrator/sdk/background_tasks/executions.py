"""A background task run and the thread that executes it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime

from orchestrator.contract.times import now
from orchestrator.sdk.background_tasks.served_runs import ServedTaskRun
from orchestrator.sdk.errors import RunAbandoned
from orchestrator.sdk.timing.time_limits import raise_in_thread


@dataclass(slots=True)
class Execution:
    """From the moment it was sent until the server has the acknowledgement."""

    run: ServedTaskRun
    thread: threading.Thread
    is_over: bool = False  # and not acknowledged yet
    began_at: datetime = field(default_factory=now)

    def abandon(self, reason: str) -> None:
        """Stop it, as far as a thread can be stopped, and tell the server nothing more of it."""
        self.run.give_up(reason, silently=True)
        if self.thread.ident is not None:
            raise_in_thread(self.thread.ident, RunAbandoned)
