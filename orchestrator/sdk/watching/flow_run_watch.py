"""Waiting until something happens to a flow run that executes elsewhere, or that somebody else is to resume."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Self

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.timing import pace
from orchestrator.sdk.watching.listening import Listening

_WORTH_SECONDS = 1.0  # who waits for less than that asks again sooner than a connection is made


class FlowRunWatch:
    """Sleeps, but wakes up early when the server pushes an event about the run.

    Who waits looks at the run each time: without a connection, or with one that breaks, it is woken by time alone.
    """

    def __init__(self, client: Client, flow_run_id: str) -> None:
        self._listening = Listening(client, {"resource": {"id": [f"prefect.flow-run.{flow_run_id}"]}})

    def wait(self, seconds: float, *, stopped: Callable[[], bool] = lambda: False) -> None:
        """Returns after `seconds`, earlier after an event or when `stopped()`; at once after connecting, for a look.

        Raises RunAbandoned when nobody waits for the outcome any more.
        """
        if self._listening.is_refused or seconds < _WORTH_SECONDS or pace.is_hurried():
            pace.sleep(seconds, stopped=stopped)
            return
        if self._listening.connect():
            return
        deadline = time.monotonic() + seconds
        while not stopped():
            pace.go_on()
            left = min(deadline - time.monotonic(), pace.SLICE_SECONDS)
            if left <= 0 or self._heard(left):
                return

    def close(self) -> None:
        self._listening.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _heard(self, seconds: float) -> bool:
        if not self._listening.is_connected:
            pace.sleep(seconds)
            return False
        return self._listening.hear(seconds) is not None
