"""States as authors see them: the contract's value, plus the result that only this process knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from orchestrator.contract.states import DETAIL_DEFAULTS, StateType
from orchestrator.contract.states import State as ContractState
from orchestrator.contract.times import format_time, now
from orchestrator.sdk.errors import (
    CancelledRun,
    CrashedRun,
    FailedRun,
    MissingResult,
    RunError,
    UnfinishedRun,
)


class _Missing:
    """The result is not in this process; None would be a result."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> str:
        return "MISSING"  # there is one of it in every process


MISSING = _Missing()


class StateDetails:
    """The details of a state as attributes; a detail that nobody set has its default."""

    def __init__(self, details: dict[str, Any]) -> None:
        self.__dict__.update(DETAIL_DEFAULTS)
        self.__dict__.update(details)

    def __repr__(self) -> str:
        return f"StateDetails({self.__dict__!r})"


@dataclass(frozen=True, slots=True, repr=False)
class State(ContractState):
    """One state of one run. `outcome` is the returned value or the raised exception; it never leaves the process."""

    outcome: Any = field(default=MISSING, compare=False)

    def __repr__(self) -> str:
        parts = [repr(self.message)] if self.message else []
        if self.name != self.type.value.capitalize():
            parts.append(f"type={self.type.value}")
        return f"{self.name}({', '.join(parts)})"

    __str__ = __repr__

    def result(self, raise_on_failure: bool = True, fetch: bool = True) -> Any:
        """The run's return value.

        A run that failed raises the exception that ended it, or FailedRun, CrashedRun or CancelledRun when there is
        none at hand. With `raise_on_failure=False` that exception is returned instead. A result that is not in this
        process is read from where it was stored. Raises UnfinishedRun when the run has not ended, MissingResult when
        its result was not stored or is not to be found, and ResultStorageError when it cannot be read. `fetch` is
        taken as others spell it, and changes nothing.
        """
        if self.type is StateType.COMPLETED:
            if self.outcome is not MISSING:
                return self.outcome
            if self.has_persisted_result:
                from orchestrator.sdk.results.store import stored_value

                return stored_value(self.data)
            raise MissingResult("The run completed, but its result is not in this process and was not stored.")
        if not self.is_terminal and not isinstance(self.outcome, RunError):
            raise UnfinishedRun(f"The run has not ended yet; it is {self}.", state=self)
        error = self._failure()
        if raise_on_failure:
            raise error
        return error

    async def aresult(self, raise_on_failure: bool = True) -> Any:
        """As `result`, without blocking the event loop while a stored result is read."""
        if self.outcome is MISSING and self.has_persisted_result:
            import asyncio

            return await asyncio.to_thread(self.result, raise_on_failure)
        return self.result(raise_on_failure)

    @property
    def state_details(self) -> StateDetails:
        return StateDetails(self.details)

    def is_scheduled(self) -> bool:
        return self.type is StateType.SCHEDULED

    def is_pending(self) -> bool:
        return self.type is StateType.PENDING

    def is_running(self) -> bool:
        return self.type is StateType.RUNNING

    def is_completed(self) -> bool:
        return self.type is StateType.COMPLETED

    def is_failed(self) -> bool:
        return self.type is StateType.FAILED

    def is_crashed(self) -> bool:
        return self.type is StateType.CRASHED

    def is_cancelled(self) -> bool:
        return self.type is StateType.CANCELLED

    def is_cancelling(self) -> bool:
        return self.type is StateType.CANCELLING

    def is_paused(self) -> bool:
        return self.type is StateType.PAUSED

    def is_final(self) -> bool:
        return self.is_terminal

    def _failure(self) -> BaseException:
        if isinstance(self.outcome, BaseException):
            return self.outcome
        if isinstance(self.outcome, (list, tuple, set, frozenset)):
            for inner in self.outcome:
                if isinstance(inner, State) and inner.is_terminal and not inner.is_completed():
                    return inner._failure()
        kind: type[RunError] = _ERRORS.get(self.type, FailedRun)
        return kind(self.message or f"The run ended as {self.name}.", state=self)


_ERRORS: dict[StateType, type[RunError]] = {
    StateType.FAILED: FailedRun,
    StateType.CRASHED: CrashedRun,
    StateType.CANCELLED: CancelledRun,
}


def Completed(*, message: str | None = None, name: str = "Completed", data: Any = None) -> State:
    """The run ended well; `data` is its result."""
    return State(type=StateType.COMPLETED, name=name, message=message, outcome=data)


def Failed(*, message: str | None = None, name: str = "Failed", data: Any = MISSING) -> State:
    """The run ended with an error; `data` may be the exception."""
    return State(type=StateType.FAILED, name=name, message=message, outcome=data)


def Crashed(*, message: str | None = None, name: str = "Crashed", data: Any = MISSING) -> State:
    """What executed the run went away."""
    return State(type=StateType.CRASHED, name=name, message=message, outcome=data)


def Cancelled(*, message: str | None = None, name: str = "Cancelled") -> State:
    """The run was ended on request."""
    return State(type=StateType.CANCELLED, name=name, message=message)


def Cancelling(*, message: str | None = None, name: str = "Cancelling") -> State:
    """The run was asked to end."""
    return State(type=StateType.CANCELLING, name=name, message=message)


def Running(*, message: str | None = None, name: str = "Running") -> State:
    """The run's code executes."""
    return State(type=StateType.RUNNING, name=name, message=message)


def Retrying(*, message: str | None = None) -> State:
    """The run's code executes again after a failure."""
    return State(type=StateType.RUNNING, name="Retrying", message=message)


def Pending(*, message: str | None = None, name: str = "Pending") -> State:
    """Somebody took the run and prepares to begin."""
    return State(type=StateType.PENDING, name=name, message=message)


def Paused(*, message: str | None = None, name: str = "Paused", timeout_seconds: float | None = None) -> State:
    """The run waits to be resumed, for at most `timeout_seconds` seconds; None waits without end."""
    details = {}
    if timeout_seconds is not None:
        details["pause_timeout"] = format_time(now() + timedelta(seconds=timeout_seconds))
    return State(type=StateType.PAUSED, name=name, message=message, details=details)


def Scheduled(*, scheduled_time: datetime | None = None, message: str | None = None, name: str = "Scheduled") -> State:
    """The run will begin at `scheduled_time`, an aware time; None means now."""
    details = {"scheduled_time": format_time(scheduled_time or now())}
    return State(type=StateType.SCHEDULED, name=name, message=message, details=details)


def AwaitingRetry(*, scheduled_time: datetime | None = None, message: str | None = None) -> State:
    """The run failed and will be tried again at `scheduled_time`."""
    return Scheduled(scheduled_time=scheduled_time, message=message, name="AwaitingRetry")
