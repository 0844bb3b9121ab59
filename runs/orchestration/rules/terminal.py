"""A run that ended stays ended, unless it is begun again on purpose."""

from orchestrator.contract.states import TERMINAL, StateType
from runs.orchestration.decide import rule
from runs.orchestration.transition import Transition
from runs.orchestration.verdicts import PASS, Abort, Keep, Pass, Verdict

_NEVER_AFTER_THE_END = frozenset({StateType.CANCELLING, StateType.PAUSED, StateType.CRASHED})


@rule(before=TERMINAL)
def guard_finished_flow_runs(transition: Transition) -> Verdict:
    refusal = _refusal(transition)
    if refusal:
        return refusal
    if transition.to_type is StateType.SCHEDULED and not transition.run.has_deployment:
        return Abort("Cannot reschedule a run without an associated deployment.")
    if transition.proposed.is_terminal:
        return PASS
    retry_type = "reschedule" if transition.to_type is StateType.SCHEDULED else None
    return Pass(policy={"resuming": False, "pause_keys": [], "retry_type": retry_type})


@rule(before=TERMINAL)
def guard_finished_task_runs(transition: Transition) -> Verdict:
    """A stored result stays, whatever is proposed."""
    initial = transition.initial
    assert initial is not None
    never = transition.to_type in _NEVER_AFTER_THE_END
    if not never and initial.type is StateType.COMPLETED and initial.has_persisted_result:
        return Keep("Run is already COMPLETED with a persisted result.")
    return _refusal(transition) or PASS


def _refusal(transition: Transition) -> Verdict | None:
    initial, proposed = transition.initial, transition.proposed
    assert initial is not None
    if proposed.type in _NEVER_AFTER_THE_END:
        return Abort(f"Run is already in terminal state {initial.type.value}.")
    if initial.type is StateType.COMPLETED and initial.has_persisted_result:
        if not proposed.is_terminal:
            return Keep("Run is already COMPLETED.")
        if proposed.type is StateType.COMPLETED and not proposed.has_persisted_result:
            return Keep("Run is already COMPLETED with a persisted result.")
    return None
