"""At most so many task runs of a tag run at once."""

from __future__ import annotations

from orchestrator.contract.states import StateType
from runs.orchestration.decide import rule
from runs.orchestration.transition import Transition
from runs.orchestration.verdicts import PASS, Abort, Pass, Shortage, SlotNeed, Verdict, Wait
from runs.orchestration.waiting import LONGEST_WAIT_FOR_TAGS, spread

TASK_HOLDS = frozenset({StateType.RUNNING, StateType.CANCELLING})  # a task run in one of these keeps its slots


@rule(after={StateType.RUNNING})
def take_slots_of_the_tags(transition: Transition) -> Verdict:
    """One of each tag that has a limit, or none. Held until the task run no longer runs."""
    tags = transition.run.limited_tags
    return Pass(needs=SlotNeed(_refusal, tags=tags)) if tags else PASS


def _refusal(shortage: Shortage) -> Verdict:
    if shortage.closed:
        tag = shortage.closed
        return Abort(f'The concurrency limit on tag "{tag}" is 0 and will deadlock if the task tries to run again.')
    seconds = spread(min(shortage.occupancy_seconds or LONGEST_WAIT_FOR_TAGS, LONGEST_WAIT_FOR_TAGS))
    return Wait(round(seconds), reason=f"Concurrency limit reached for tags: {', '.join(shortage.names)}")
