"""What the arguments of a background task may hold besides values, written as JSON."""

from __future__ import annotations

from typing import Any

from orchestrator.sdk.background_tasks.futures import BackgroundFuture
from orchestrator.sdk.dependencies.annotations import allow_failure, opaque, quote, unmapped
from orchestrator.sdk.outcomes.states import MISSING, State
from orchestrator.sdk.results import json_forms


def know_them() -> None:
    """From now on, JSON serializers write and read them."""
    json_forms.know(State, _state_written, _state_read)
    json_forms.know(BackgroundFuture, lambda future: [future.task_run_id, future.name], _future_read)
    for mark in (allow_failure, opaque, quote, unmapped):
        json_forms.know(mark, lambda marked: marked.value, mark)


def _state_written(state: State) -> dict[str, Any]:
    """An exception has no JSON form: whoever reads a failed state is told its message."""
    if state.outcome is MISSING or isinstance(state.outcome, BaseException):
        return {"state": state.to_wire()}
    return {"state": state.to_wire(), "outcome": state.outcome}


def _state_read(data: dict[str, Any]) -> State:
    state = State.from_wire(data["state"])
    return state.with_(outcome=data["outcome"]) if "outcome" in data else state


def _future_read(data: list[str]) -> BackgroundFuture[Any]:
    return BackgroundFuture(data[0], name=data[1])
