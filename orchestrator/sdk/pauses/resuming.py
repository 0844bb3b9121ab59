"""`resume_flow_run(…)`: let a paused or suspended run go on, with what it was waiting to be told."""

from __future__ import annotations

from typing import Any

from orchestrator.contract.states import Status
from orchestrator.sdk.api.refusals import refusals
from orchestrator.sdk.api.run_client import needed_client
from orchestrator.sdk.both_ways import both_ways
from orchestrator.sdk.errors import ApiError, InputRefused, NotPausedFlowRun, ObjectNotFound
from orchestrator.sdk.outcomes.states import State
from orchestrator.sdk.run_input.kinds import as_values


@both_ways
def resume_flow_run(flow_run_id: Any, run_input: Any = None) -> State:
    """Let the run go on; returns its state, Running for a paused one and Resuming for one that was suspended.

    `run_input` is what the run waits for: a dictionary of fields, an instance of its RunInput class, or, when it waits
    for a plain type such as str, a value of that.

    Raises NotPausedFlowRun, InputRefused with the field that does not fit, ObjectNotFound when there is no such run,
    and MissingContext without a server.
    In async code: `await resume_flow_run(…)`, or `aresume_flow_run`.
    """
    client = needed_client("resume_flow_run()")
    body = {} if run_input is None else {"run_input": as_values(run_input)}
    try:
        answer = client.ask("POST", f"/flow_runs/{flow_run_id}/resume", body)
    except ObjectNotFound as error:
        raise ObjectNotFound(f"There is no flow run {flow_run_id}", status=error.status, body=error.body) from error
    except ApiError as error:
        if error.status not in {409, 422}:
            raise
        raise InputRefused(_unresumed(flow_run_id, "; ".join(str(each) for each in refusals(error)))) from error
    held = State.from_wire(answer["state"]) if answer.get("state") else None
    reason = (answer.get("details") or {}).get("reason") or f"it is {held}"
    if answer["status"] == Status.ACCEPT and held is not None:
        return held
    if answer["status"] == Status.REJECT and held is not None and held.is_paused():
        raise InputRefused(_unresumed(flow_run_id, reason.removeprefix("Reason: ")))
    raise NotPausedFlowRun(_unresumed(flow_run_id, reason))


aresume_flow_run = resume_flow_run.aio


def _unresumed(flow_run_id: Any, reason: str) -> str:
    return f"Flow run {flow_run_id} was not resumed: {reason}"
