"""PENDING is the claim: the first who proposes it has the run."""

from orchestrator.contract.states import StateType
from runs.orchestration.decide import rule
from runs.orchestration.transition import Transition
from runs.orchestration.verdicts import Abort, Amend, Verdict


@rule(
    before={StateType.PENDING, StateType.RUNNING, StateType.CANCELLING, StateType.CANCELLED},
    after={StateType.PENDING},
)
def refuse_a_second_claimant(transition: Transition) -> Verdict:
    """Only a pending run that gets a more telling name, such as Submitting, passes."""
    initial, proposed = transition.initial, transition.proposed
    assert initial is not None
    says_more = initial.type is StateType.PENDING and proposed.name not in (initial.name, "Pending")
    if not says_more:
        return Abort(f"This run is in a {initial.type.value} state and cannot transition to a PENDING state.")
    carried = {
        key: initial.details[key]
        for key in ("scheduled_time", "deployment_concurrency_lease_id")
        if initial.details.get(key) and not proposed.details.get(key)
    }
    return Amend(proposed.with_details(**carried))
