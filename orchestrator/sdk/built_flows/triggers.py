"""Whether a node begins, by what became of those that it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.sdk.options.triggers import all_successful, state_instead
from orchestrator.sdk.outcomes.states import State

if TYPE_CHECKING:
    from typing import Any

    from orchestrator.sdk.tasks.task import Task


def verdict(task: Task[Any, Any], before: list[State]) -> State | None:
    """None when a run is to be submitted; else the state that it ends in without having begun.

    `before` are the states of what it needs: of a mapped node, those of its runs. Unless the task says otherwise, it is
    skipped when one of them was. A trigger of its own is asked by the run itself.
    """
    return state_instead(
        before,
        trigger=all_successful if task.trigger is None else None,
        skip_on_upstream_skip=task.skip_on_upstream_skip is not False,
    )
