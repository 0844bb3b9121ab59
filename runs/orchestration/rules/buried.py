"""A process that was taken for dead may not speak for its run when it comes back."""

from orchestrator.contract.states import StateType
from runs.orchestration.decide import rule
from runs.orchestration.transition import Transition
from runs.orchestration.verdicts import PASS, Abort, Verdict

# What only the process that had the run would propose. Whoever begins it anew takes it first, as PENDING.
OF_ITS_PROCESS = frozenset({StateType.RUNNING, StateType.COMPLETED, StateType.FAILED})


@rule(before={StateType.CRASHED, StateType.SCHEDULED}, after=OF_ITS_PROCESS)
def refuse_a_buried_process(transition: Transition) -> Verdict:
    if transition.process_is_buried:
        return Abort("The process that had this run gave no sign of life for too long and was taken for dead.")
    return PASS
