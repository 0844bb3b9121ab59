"""A client that lost the answer sends its proposal again."""

from runs.orchestration.decide import rule
from runs.orchestration.transition import Transition
from runs.orchestration.verdicts import PASS, Keep, Verdict


@rule()
def refuse_a_repeated_transition(transition: Transition) -> Verdict:
    initial, proposed = transition.initial, transition.proposed
    if initial and proposed.transition_id and initial.transition_id == proposed.transition_id:
        return Keep("This run has already made this state transition.")
    return PASS
