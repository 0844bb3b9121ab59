"""The columns of a run that say what went wrong, as far as its state tells it."""

from __future__ import annotations

from typing import Any

from orchestrator.contract.states import State, StateType
from runs.services.failures.naming import error_of, fingerprint_of

BAD_ENDS = (StateType.FAILED.value, StateType.CRASHED.value)
NO_FAILURE: dict[str, Any] = dict.fromkeys(
    (
        "error_type",
        "error_message",
        "error_frame",
        "error_source",
        "error_fingerprint",
        "failing_task_run_id",
        "failure_log_id",
    )
)


def failure_columns(state: State, *, before: str | None) -> dict[str, Any]:
    """What a new state changes of these columns; `before` is the type of the state it follows.

    Where in the code it happened is told by the log, which may arrive later: see `completing`.
    """
    if state.type.value not in BAD_ENDS:
        return NO_FAILURE if before in BAD_ENDS else {}
    error = error_of(state)
    fingerprint = fingerprint_of(error_type=error.type, message=error.message)
    return NO_FAILURE | {
        "error_type": error.type,
        "error_message": error.message,
        "error_fingerprint": fingerprint,
    }
