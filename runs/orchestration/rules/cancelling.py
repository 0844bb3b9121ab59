"""Once a run is asked to end, it ends."""

from orchestrator.contract.states import State, StateType
from runs.orchestration.decide import rule
from runs.orchestration.transition import Transition
from runs.orchestration.verdicts import PASS, Keep, Replace, Verdict


@rule(before={StateType.CANCELLING}, after=frozenset(StateType) - {StateType.CANCELLED})
def allow_only_cancelled_after_cancelling(transition: Transition) -> Verdict:
    return Keep("Cannot transition flows that are cancelling to a state other than Cancelled.")


@rule(before={StateType.SCHEDULED, StateType.PAUSED}, after={StateType.CANCELLING})
def cancel_at_once_without_infrastructure(transition: Transition) -> Verdict:
    """Nothing executes the run, so nobody would ever answer the request to end it."""
    initial = transition.initial
    assert initial is not None
    if initial.type is StateType.PAUSED:
        if not initial.details.get("pause_reschedule"):
            return PASS
        what = "Suspended"
    elif initial.name == "Resuming":
        what = "Suspended"
    elif not transition.run.has_infrastructure:
        what = "Scheduled"
    else:
        return PASS
    cancelled = State(type=StateType.CANCELLED, timestamp=transition.at)
    return Replace(cancelled, reason=f"{what} flow run has no infrastructure to terminate.")
