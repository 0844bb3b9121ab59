"""States as authors see them: the contract's value, plus the result that only this process knows."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from orchestrator.contract.ids import uuid7
from orchestrator.contract.states import State as ContractState
from orchestrator.contract.states import StateType
from orchestrator.contract.times import format_time, now
from orchestrator.sdk.callers import expects_awaitable
from orchestrator.sdk.errors import StateError
from orchestrator.sdk.outcomes.details import StateDetails, written
from orchestrator.sdk.outcomes.missing import MISSING as MISSING
from orchestrator.sdk.outcomes.reading import result_of

# Without an address in a storage: results that were not stored, and those of earlier clients.
_KINDS_OF_METADATA = ("unpersisted", "reference", "literal")

_Details = StateDetails | Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, repr=False, init=False)
class State(ContractState):
    """One state of one run. `outcome` is the returned value or the raised exception; it never leaves the process.

    type: a StateType, or its text: "COMPLETED".
    data: the metadata of a stored result; anything else is taken as the `outcome`.
    state_details: a dictionary or StateDetails; the same as `details`, which are JSON values already.

    Raises StateError for a type or a detail that there is not.
    """

    outcome: Any = field(default=MISSING, compare=False)

    def __init__(
        self,
        type: StateType | str,
        name: str | None = None,
        message: str | None = None,
        data: Any = None,
        details: dict[str, Any] | None = None,
        id: UUID | None = None,
        timestamp: datetime | None = None,
        outcome: Any = MISSING,
        *,
        state_details: _Details = None,
    ) -> None:
        if data is not None and outcome is MISSING and not _is_metadata(data):
            data, outcome = None, data
        set_ = object.__setattr__
        set_(self, "type", type if isinstance(type, StateType) else _type_named(type))
        set_(self, "name", name or "")
        set_(self, "message", message)
        set_(self, "data", data)
        set_(self, "details", {**(details or {}), **written(state_details)} if state_details else details or {})
        set_(self, "id", id or uuid7())
        set_(self, "timestamp", timestamp or now())
        set_(self, "outcome", outcome)
        ContractState.__post_init__(self)

    def __repr__(self) -> str:
        parts = [repr(self.message)] if self.message else []
        if self.name != self.type.value.capitalize():
            parts.append(f"type={self.type.value}")
        return f"{self.name}({', '.join(parts)})"

    __str__ = __repr__

    def __hash__(self) -> int:
        return hash(self.id)

    def result(
        self,
        raise_on_failure: bool = True,
        fetch: bool = True,
        retry_result_failure: bool = True,
        _sync: bool | None = None,
    ) -> Any:
        """The run's return value. In the code of an `async def` it gives an awaitable: `await state.result()`.

        A run that failed raises the exception that ended it, or FailedRun, CrashedRun or CancelledRun when there is
        none at hand. With `raise_on_failure=False` that is returned instead. A result that is not in this process is
        read from where it was stored. Raises UnfinishedRun when the run has not ended, PausedRun when it is paused,
        MissingResult when its result was not stored or is not to be found, and ResultStorageError when it cannot be
        read. `fetch` and `retry_result_failure` are taken as others spell them, and change nothing: a result is always
        fetched, and it is stored before its state is told, so that there is nothing to wait for. `_sync=True` gives the
        result in async code, too.
        """
        if _sync is False or (_sync is None and expects_awaitable(sys._getframe(1))):
            return self.aresult(raise_on_failure)
        if self.type is StateType.COMPLETED and self.outcome is not MISSING:
            return self.outcome
        return result_of(self, raise_on_failure=raise_on_failure)

    async def aresult(
        self, raise_on_failure: bool = True, fetch: bool = True, retry_result_failure: bool = True
    ) -> Any:
        """As `result`, without blocking the event loop while a stored result is read."""
        if self.outcome is MISSING and self.has_persisted_result:
            import asyncio

            return await asyncio.to_thread(result_of, self, raise_on_failure=raise_on_failure)
        return result_of(self, raise_on_failure=raise_on_failure)

    @property
    def state_details(self) -> StateDetails:
        """The details, to be read as attributes."""
        return StateDetails(self.details)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> State:
        """A new state like this one, with an id and a time of its own: `state.model_copy(update={"name": "Skipped"})`.

        `update` takes what State takes; another type without a name gets the name of that type. `deep` changes nothing:
        states are never changed in place. Raises TypeError for what a state does not have.
        """
        told = dict(update or {})
        kept = {"type": self.type, "name": self.name, "message": self.message, "data": self.data}
        if "type" in told:
            del kept["name"]
        if "data" not in told:
            kept["outcome"] = self.outcome
        if "details" not in told and "state_details" not in told:
            kept["details"] = dict(self.details)
        return State(**{**kept, **told})

    def copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> State:
        """As `model_copy`."""
        return self.model_copy(update=update, deep=deep)

    def is_scheduled(self) -> bool:
        """It will begin at a known time."""
        return self.type is StateType.SCHEDULED

    def is_pending(self) -> bool:
        """Somebody took it and prepares to begin."""
        return self.type is StateType.PENDING

    def is_running(self) -> bool:
        """Its code executes."""
        return self.type is StateType.RUNNING

    def is_completed(self) -> bool:
        """It ended well."""
        return self.type is StateType.COMPLETED

    def is_failed(self) -> bool:
        """Its code ended with an error, or took too long."""
        return self.type is StateType.FAILED

    def is_crashed(self) -> bool:
        """What executed it went away."""
        return self.type is StateType.CRASHED

    def is_cancelled(self) -> bool:
        """It ended on request."""
        return self.type is StateType.CANCELLED

    def is_cancelling(self) -> bool:
        """It was asked to end, and has not ended yet."""
        return self.type is StateType.CANCELLING

    def is_paused(self) -> bool:
        """It waits to be resumed."""
        return self.type is StateType.PAUSED

    def is_final(self) -> bool:
        """It has ended, well or not: no other state follows by itself."""
        return self.is_terminal


def _is_metadata(data: Any) -> bool:
    """Whether it is what the wire carries: by what a result is known that was stored, or that was not."""
    return isinstance(data, dict) and ("storage_key" in data or data.get("type") in _KINDS_OF_METADATA)


def _type_named(text: Any) -> StateType:
    try:
        return StateType(text)
    except ValueError:
        known = ", ".join(StateType)
        raise StateError(f"There is no state type {text!r}; it is one of {known}") from None


def Completed(
    *,
    message: str | None = None,
    name: str | None = None,
    data: Any = None,
    state_details: _Details = None,
) -> State:
    """The run ended well; `data` is its result."""
    return State(StateType.COMPLETED, name, message, outcome=data, state_details=state_details)


def Failed(
    *, message: str | None = None, name: str | None = None, data: Any = MISSING, state_details: _Details = None
) -> State:
    """The run ended with an error; `data` may be the exception, or a text that says what went wrong."""
    return State(StateType.FAILED, name, message, outcome=data, state_details=state_details)


def Crashed(
    *, message: str | None = None, name: str | None = None, data: Any = MISSING, state_details: _Details = None
) -> State:
    """What executed the run went away."""
    return State(StateType.CRASHED, name, message, outcome=data, state_details=state_details)


def Cancelled(
    *, message: str | None = None, name: str | None = None, data: Any = MISSING, state_details: _Details = None
) -> State:
    """The run was ended on request."""
    return State(StateType.CANCELLED, name, message, outcome=data, state_details=state_details)


def Cancelling(
    *, message: str | None = None, name: str | None = None, data: Any = MISSING, state_details: _Details = None
) -> State:
    """The run was asked to end."""
    return State(StateType.CANCELLING, name, message, outcome=data, state_details=state_details)


def Running(
    *, message: str | None = None, name: str | None = None, data: Any = MISSING, state_details: _Details = None
) -> State:
    """The run's code executes."""
    return State(StateType.RUNNING, name, message, outcome=data, state_details=state_details)


def Retrying(
    *, message: str | None = None, name: str = "Retrying", data: Any = MISSING, state_details: _Details = None
) -> State:
    """The run's code executes again after a failure."""
    return State(StateType.RUNNING, name, message, outcome=data, state_details=state_details)


def Pending(
    *, message: str | None = None, name: str | None = None, data: Any = MISSING, state_details: _Details = None
) -> State:
    """Somebody took the run and prepares to begin."""
    return State(StateType.PENDING, name, message, outcome=data, state_details=state_details)


def Paused(
    *,
    timeout_seconds: float | None = None,
    pause_expiration_time: datetime | None = None,
    reschedule: bool = False,
    pause_key: str | None = None,
    message: str | None = None,
    name: str | None = None,
    data: Any = MISSING,
    state_details: _Details = None,
) -> State:
    """The run waits to be resumed: for at most `timeout_seconds` seconds, or until `pause_expiration_time`, an aware
    time; neither of them waits without end. With `reschedule=True` it leaves its process meanwhile. `pause_key` tells
    one pause of a run from the others. Raises StateError when the end of waiting is given twice."""
    details = written(state_details)
    given = [end for end in (timeout_seconds, pause_expiration_time, details.get("pause_timeout")) if end is not None]
    if len(given) > 1:
        raise StateError("Give one of timeout_seconds, pause_expiration_time and the detail pause_timeout, not several")
    if timeout_seconds is not None:
        pause_expiration_time = now() + timedelta(seconds=timeout_seconds)
    if pause_expiration_time is not None:
        details["pause_timeout"] = format_time(pause_expiration_time)
    if reschedule:
        details["pause_reschedule"] = True
    if pause_key is not None:
        details["pause_key"] = pause_key
    return State(StateType.PAUSED, name, message, details=details, outcome=data)


def Suspended(
    *,
    timeout_seconds: float | None = None,
    pause_expiration_time: datetime | None = None,
    pause_key: str | None = None,
    message: str | None = None,
    name: str = "Suspended",
    data: Any = MISSING,
    state_details: _Details = None,
) -> State:
    """The run left its process and waits to be resumed; the rest is as with Paused."""
    return Paused(
        timeout_seconds=timeout_seconds,
        pause_expiration_time=pause_expiration_time,
        reschedule=True,
        pause_key=pause_key,
        message=message,
        name=name,
        data=data,
        state_details=state_details,
    )


def Scheduled(
    *,
    scheduled_time: datetime | None = None,
    message: str | None = None,
    name: str | None = None,
    data: Any = MISSING,
    state_details: _Details = None,
) -> State:
    """The run will begin at `scheduled_time`, an aware time; None means now. Raises StateError when the details say
    another."""
    details = written(state_details)
    if scheduled_time is not None and details.get("scheduled_time"):
        raise StateError("Give scheduled_time once: as an argument, or among the state_details")
    details.setdefault("scheduled_time", format_time(scheduled_time or now()))
    return State(StateType.SCHEDULED, name, message, details=details, outcome=data)


def AwaitingRetry(
    *,
    scheduled_time: datetime | None = None,
    message: str | None = None,
    name: str = "AwaitingRetry",
    data: Any = MISSING,
    state_details: _Details = None,
) -> State:
    """The run failed and will be tried again at `scheduled_time`."""
    return Scheduled(scheduled_time=scheduled_time, message=message, name=name, data=data, state_details=state_details)


def AwaitingConcurrencySlot(
    *,
    scheduled_time: datetime | None = None,
    message: str | None = None,
    name: str = "AwaitingConcurrencySlot",
    data: Any = MISSING,
    state_details: _Details = None,
) -> State:
    """The run waits for a slot of a concurrency limit, and asks again at `scheduled_time`."""
    return Scheduled(scheduled_time=scheduled_time, message=message, name=name, data=data, state_details=state_details)


def Late(
    *,
    scheduled_time: datetime | None = None,
    message: str | None = None,
    name: str = "Late",
    data: Any = MISSING,
    state_details: _Details = None,
) -> State:
    """The run should have begun at `scheduled_time`, and has not."""
    return Scheduled(scheduled_time=scheduled_time, message=message, name=name, data=data, state_details=state_details)
