"""A stored result is never dropped, not even by force."""

from orchestrator.contract.states import StateType
from runs.orchestration.decide import rule
from runs.orchestration.transition import Transition
from runs.orchestration.verdicts import PASS, Keep, Verdict


@rule(before={StateType.COMPLETED}, after={StateType.COMPLETED})
def keep_persisted_results(transition: Transition) -> Verdict:
    initial = transition.initial
    assert initial is not None
    if initial.has_persisted_result and not transition.proposed.has_persisted_result:
        return Keep("Run is already COMPLETED with a persisted result.")
    return PASS
