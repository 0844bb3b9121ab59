"""A run does not begin before its time."""

from orchestrator.contract.states import StateType
from runs.orchestration.decide import rule
from runs.orchestration.transition import Transition
from runs.orchestration.verdicts import PASS, Amend, Verdict, Wait


@rule(before={StateType.SCHEDULED}, after={StateType.PENDING})
def keep_the_scheduled_time(transition: Transition) -> Verdict:
    """A worker takes a run some seconds ahead; the time must survive until it begins."""
    initial, proposed = transition.initial, transition.proposed
    assert initial is not None
    if proposed.details.get("scheduled_time"):
        return PASS
    return Amend(proposed.with_details(scheduled_time=initial.details["scheduled_time"]))


@rule(before={StateType.SCHEDULED, StateType.PENDING}, after={StateType.PENDING, StateType.RUNNING})
def keep_the_parameters_of_the_task(transition: Transition) -> Verdict:
    """A background task finds its parameters by this identifier, whoever executes it."""
    initial, proposed = transition.initial, transition.proposed
    assert initial is not None
    parameters = initial.details.get("task_parameters_id")
    if proposed.details.get("task_parameters_id") or not parameters:
        return PASS
    return Amend(proposed.with_details(task_parameters_id=parameters))


@rule(before={StateType.SCHEDULED, StateType.PENDING}, after={StateType.RUNNING})
def wait_for_the_scheduled_time(transition: Transition) -> Verdict:
    initial = transition.initial
    assert initial is not None
    if initial.scheduled_time is None:
        return PASS
    seconds = round((initial.scheduled_time - transition.at).total_seconds())
    return Wait(seconds, reason="Scheduled time is in the future") if seconds >= 1 else PASS
