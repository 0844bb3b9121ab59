"""A scheduled run is marked late once."""

from orchestrator.contract.states import StateType
from runs.orchestration.decide import rule
from runs.orchestration.transition import Transition
from runs.orchestration.verdicts import PASS, Amend, Keep, Verdict

LATE = "Late"


@rule(after={StateType.SCHEDULED})
def mark_late_once(transition: Transition) -> Verdict:
    initial, proposed = transition.initial, transition.proposed
    if proposed.name != LATE:
        return PASS
    if initial is None or initial.type is not StateType.SCHEDULED:
        return Keep("Only a scheduled run can be late.")
    if initial.name == LATE:
        return Keep("This flow run is already marked late.")
    if proposed.scheduled_time != proposed.timestamp:
        return PASS
    # Without a time of its own: a late run is due since its old one, not since the moment somebody noticed.
    return Amend(proposed.with_details(scheduled_time=initial.details["scheduled_time"]))
