"""A worker that lost its claim may not speak for the run any more."""

from runs.orchestration.decide import rule
from runs.orchestration.transition import Transition
from runs.orchestration.verdicts import PASS, Abort, Verdict


@rule()
def refuse_a_lost_claim(transition: Transition) -> Verdict:
    if transition.claim_is_held is False:
        return Abort("This worker no longer holds the run: its claim ended, and another attempt may be under way.")
    return PASS
