"""`raise signals.SKIP("nothing to do")`: the state that a task run ends in, raised instead of returned."""

from __future__ import annotations

import sys
from typing import Any

from orchestrator.sdk.outcomes.states import Completed, Failed, State

SKIPPED = "Skipped"  # the name of the completed state of a run that did nothing, on purpose


class Signal(Exception):
    """What a task raises to end its run in a state of its choice; `result` is what the run returns."""

    def __init__(self, message: str | None = None, result: Any = None) -> None:
        super().__init__(message or self._unsaid())
        self.message = message
        self.result = result

    @property
    def state(self) -> State:
        """The state that it asks for."""
        return Completed(message=self.message, data=self.result)

    def _unsaid(self) -> str:
        return f"The task raised {type(self).__name__}."


class SUCCESS(Signal):
    """The run is completed."""


class SKIP(Signal):
    """The run is completed without having done anything; it is called Skipped. In a built flow, what depends on it is
    skipped, too."""

    @property
    def state(self) -> State:
        return Completed(message=str(self), name=SKIPPED, data=self.result)


class FAIL(Signal):
    """The run failed. It is tried again if the task has retries."""

    @property
    def state(self) -> State:
        return Failed(message=str(self), data=self)


signals = sys.modules[__name__]  # the front door asks every module for the name that it offers
