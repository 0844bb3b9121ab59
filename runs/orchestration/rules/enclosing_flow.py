"""A task runs only while its flow does."""

from orchestrator.contract.states import State, StateType
from runs.orchestration.decide import rule
from runs.orchestration.transition import Transition
from runs.orchestration.verdicts import PASS, Abort, Replace, Verdict


@rule(after={StateType.RUNNING})
def refuse_tasks_of_a_stopped_flow(transition: Transition) -> Verdict:
    run = transition.run
    if run.flow_run_id is None:
        return PASS
    if run.flow_run_state and run.flow_run_state.type is StateType.PAUSED:
        details = {"pause_timeout": run.flow_run_state.details.get("pause_timeout")}
        paused = State(type=StateType.PAUSED, name="NotReady", details=details, timestamp=transition.at)
        return Replace(paused, reason="The flow is paused, new tasks can execute after resuming flow run.")
    if run.flow_run_state is None or run.flow_run_state.type is not StateType.RUNNING:
        return Abort("The enclosing flow must be running to begin task execution.")
    return PASS
