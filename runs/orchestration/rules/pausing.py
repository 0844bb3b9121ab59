"""Only what runs can pause, once at each place in the code, and a pause leads forward."""

from uuid import uuid4

from orchestrator.contract.states import TERMINAL, State, StateType
from runs.orchestration.decide import rule
from runs.orchestration.transition import Transition
from runs.orchestration.verdicts import Abort, Keep, Pass, Replace, Verdict

_FORWARD = TERMINAL | {StateType.RUNNING, StateType.SCHEDULED, StateType.CANCELLING}


@rule(after={StateType.PAUSED})
def pause_only_what_runs(transition: Transition) -> Verdict:
    initial, proposed, run = transition.initial, transition.proposed, transition.run
    verb = "suspend" if proposed.details.get("pause_reschedule") else "pause"
    if initial is None:
        return Abort(f"Cannot {verb} flows with no state.")
    if initial.type is not StateType.RUNNING:
        return Keep(f"Cannot {verb} flows that are not currently running.")
    key = proposed.details.get("pause_key") or str(uuid4())
    used = list(run.policy.get("pause_keys") or [])
    if key in used:
        # Code that is executed again after a resume comes to the same pause again, and passes it.
        return Keep("This pause has already fired.")
    if proposed.details.get("pause_reschedule"):
        if run.is_subflow:
            return Abort("Cannot suspend subflows.")
        if not run.has_deployment:
            return Abort("Cannot suspend flows without a deployment.")
    return Pass(policy={"pause_keys": [*used, key]})


@rule(before={StateType.PAUSED})
def leave_a_pause_only_forward(transition: Transition) -> Verdict:
    initial, proposed, run = transition.initial, transition.proposed, transition.run
    assert initial is not None
    verb = "suspended" if initial.details.get("pause_reschedule") else "paused"
    if proposed.type not in _FORWARD:
        return Keep(f"Cannot move a {verb} run to {proposed.type.value}: it can only go on, be cancelled or end.")
    if initial.details.get("pause_reschedule") and not run.has_deployment:
        return Keep(f"Cannot reschedule a {verb} flow run without a deployment.")
    expired = initial.pause_timeout is not None and initial.pause_timeout < transition.at
    # A run that waits in its process must still hear that it is to be cancelled.
    if expired and proposed.type is not StateType.CANCELLING:
        failed = State(
            type=StateType.FAILED,
            message=f"The flow was {verb} and never resumed.",
            timestamp=transition.at,
        )
        reason = "The flow run pause has timed out and can no longer resume."
        return Replace(failed, reason=reason, policy={"resuming": True})
    if proposed.type is StateType.SCHEDULED:
        # Whoever takes it goes on with it, even if an earlier failure was retried by the process that has left it.
        return Pass(policy={"resuming": True, "retry_type": None})
    return Pass(policy={"resuming": True})
