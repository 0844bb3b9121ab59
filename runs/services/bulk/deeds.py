"""What a bulk action does to one run, and which runs it passes over.

Each deed goes the way that one run goes: the same services, the same rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from orchestrator.contract.states import TERMINAL, State, StateType, Status
from runs.models import BulkAction, FlowRun
from runs.orchestration.transition import RunKind
from runs.services.flow_runs import delete_flow_run, update_flow_run
from runs.services.resuming import resume_flow_run
from runs.services.retrying import NotRetried, retry_flow_run
from runs.services.transitions import Answer, propose_state

_BY_SOMEBODY_ELSE = "only the program that started it can begin it again"
_ENDED_BADLY = frozenset({StateType.FAILED, StateType.CRASHED, StateType.CANCELLED})
_UNDER_WAY = frozenset({StateType.PENDING, StateType.RUNNING, StateType.CANCELLING})


LOOKED_AT = (
    "id",
    "name",
    "state",
    "state_type",
    "state_name",
    "deployment_id",
    "parent_task_run_id",
    "tags",
)  # of a run, by `look_at` and the deeds


class Refused(Exception):
    """The rules do not allow it. The message says why."""


@dataclass(frozen=True, slots=True)
class Look:
    """What decides whether a run is passed over; a row of the list is enough."""

    state_type: str | None
    state_name: str | None
    has_deployment: bool
    is_subflow: bool
    waits_for_input: bool
    tags: tuple[str, ...] = ()


def look_at(run: FlowRun) -> Look:
    details = (run.state or {}).get("state_details") or {}
    return Look(
        run.state_type,
        run.state_name,
        has_deployment=run.deployment_id is not None,
        is_subflow=run.parent_task_run_id is not None,
        waits_for_input=bool(details.get("run_input_keyset")),
        tags=tuple(run.tags),
    )


def why_passed_over(deed: str, options: Mapping[str, Any], look: Look) -> str | None:
    """Why the deed does nothing to such a run; None when it does."""
    return _CHECKS[BulkAction.Deed(deed)](look, options)


def do_to(run: FlowRun, action: BulkAction) -> None:
    """Raises Refused when the rules do not allow it, and RunNotFound."""
    _DEEDS[BulkAction.Deed(action.deed)](run, action)


def _retry_check(look: Look, options: Mapping[str, Any]) -> str | None:
    if look.state_type == StateType.COMPLETED:
        return "it is completed"
    if look.state_type not in _ENDED_BADLY:
        return _state_words(look, "has not ended")
    return None if look.has_deployment else _BY_SOMEBODY_ELSE


def _cancel_check(look: Look, options: Mapping[str, Any]) -> str | None:
    if look.state_type in TERMINAL:
        return _state_words(look, "has ended")
    return "it is being cancelled already" if look.state_type == StateType.CANCELLING else None


def _delete_check(look: Look, options: Mapping[str, Any]) -> str | None:
    return _state_words(look, "is under way; cancel it first") if look.state_type in _UNDER_WAY else None


def _set_state_check(look: Look, options: Mapping[str, Any]) -> str | None:
    return f"it is {look.state_name} already" if look.state_type == options.get("state") else None


def _pause_check(look: Look, options: Mapping[str, Any]) -> str | None:
    if look.state_type != StateType.RUNNING:
        return _state_words(look, "does not run")
    if look.is_subflow:
        return "it runs within another"
    return None if look.has_deployment else _BY_SOMEBODY_ELSE


def _resume_check(look: Look, options: Mapping[str, Any]) -> str | None:
    if look.state_type != StateType.PAUSED:
        return _state_words(look, "is not paused")
    return "it waits for input, which its own page takes" if look.waits_for_input else None


def _add_tag_check(look: Look, options: Mapping[str, Any]) -> str | None:
    return "it has the tag already" if options.get("tag") in look.tags else None


def _state_words(look: Look, words: str) -> str:
    return f"it {words} ({look.state_name or 'no state'})"


def _retry(run: FlowRun, action: BulkAction) -> None:
    try:
        _accepted(retry_flow_run(flow_run_id=run.pk, message=_message(action, "Retried")))
    except NotRetried as error:
        raise Refused(str(error)) from None


def _cancel(run: FlowRun, action: BulkAction) -> None:
    _propose(run, State(StateType.CANCELLING, message=_message(action, "Cancelled")))


def _delete(run: FlowRun, action: BulkAction) -> None:
    delete_flow_run(flow_run_id=run.pk)


def _set_state(run: FlowRun, action: BulkAction) -> None:
    state = State(StateType(action.options["state"]), message=_message(action, "Set"))
    _propose(run, state, force=True)


def _pause(run: FlowRun, action: BulkAction) -> None:
    """Suspended: its process ends, and a resume begins it again."""
    message = _message(action, "Paused")
    details = {"pause_reschedule": True, "pause_key": str(uuid4())}
    _propose(run, State(StateType.PAUSED, name="Suspended", message=message, details=details))


def _resume(run: FlowRun, action: BulkAction) -> None:
    _accepted(resume_flow_run(flow_run_id=run.pk))


def _add_tag(run: FlowRun, action: BulkAction) -> None:
    update_flow_run(flow_run_id=run.pk, changes={"tags": [*run.tags, action.options["tag"]]})


def _propose(run: FlowRun, state: State, *, force: bool = False) -> None:
    _accepted(propose_state(kind=RunKind.FLOW_RUN, run_id=run.pk, proposal=state, force=force))


def _accepted(answer: Answer) -> None:
    """A state that a rule put in place of the proposed one is as good, such as Cancelled for Cancelling."""
    if not answer.written or answer.status in (Status.ABORT, Status.WAIT):
        raise Refused(answer.reason or "its state does not allow it")


def _message(action: BulkAction, verb: str) -> str:
    by = f" by {action.asked_by_name}" if action.asked_by_name else ""
    return f"{verb}{by} together with others" + (f": {action.reason}" if action.reason else ".")


Check = Callable[[Look, Mapping[str, Any]], str | None]
_CHECKS: dict[str, Check] = {
    BulkAction.Deed.RETRY: _retry_check,
    BulkAction.Deed.CANCEL: _cancel_check,
    BulkAction.Deed.DELETE: _delete_check,
    BulkAction.Deed.SET_STATE: _set_state_check,
    BulkAction.Deed.PAUSE: _pause_check,
    BulkAction.Deed.RESUME: _resume_check,
    BulkAction.Deed.ADD_TAG: _add_tag_check,
}
_DEEDS: dict[str, Callable[[FlowRun, BulkAction], None]] = {
    BulkAction.Deed.RETRY: _retry,
    BulkAction.Deed.CANCEL: _cancel,
    BulkAction.Deed.DELETE: _delete,
    BulkAction.Deed.SET_STATE: _set_state,
    BulkAction.Deed.PAUSE: _pause,
    BulkAction.Deed.RESUME: _resume,
    BulkAction.Deed.ADD_TAG: _add_tag,
}
