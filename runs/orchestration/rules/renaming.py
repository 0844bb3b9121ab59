"""A task run that runs again says why."""

from orchestrator.contract.states import StateType
from runs.orchestration.decide import rule
from runs.orchestration.transition import Transition
from runs.orchestration.verdicts import PASS, Amend, Verdict


@rule(after={StateType.RUNNING})
def name_repeated_runs(transition: Transition) -> Verdict:
    """Retrying after its own failure or when its flow run is retried. A finished run begun again counts anew."""
    initial, proposed, run = transition.initial, transition.proposed, transition.run
    if initial is None:
        return PASS
    if initial.is_terminal:
        flow_was_retried = run.flow_run_id is not None and run.recorded_flow_run_run_count < run.flow_run_run_count
        return Amend(proposed.with_(name="Retrying")) if flow_was_retried else PASS
    if run.run_count == 0:
        return PASS
    return Amend(proposed.with_(name="Retrying" if initial.name == "AwaitingRetry" else "Rerunning"))
