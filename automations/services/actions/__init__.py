"""What automations can do. Each action is a function that does it, or raises ActionFailed, and says to what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from automations.services.actions import deployments, flow_runs, switches
from automations.services.actions.occasions import Occasion

Action = Callable[[dict[str, Any], Occasion], list[dict[str, str]]]

ACTIONS: dict[str, Action] = {
    "do-nothing": lambda action, occasion: [],
    "run-deployment": deployments.run_deployment,
    "pause-deployment": switches.pause_deployment,
    "resume-deployment": switches.resume_deployment,
    "pause-work-queue": switches.pause_work_queue,
    "resume-work-queue": switches.resume_work_queue,
    "pause-work-pool": switches.pause_work_pool,
    "resume-work-pool": switches.resume_work_pool,
    "cancel-flow-run": flow_runs.cancel,
    "change-flow-run-state": flow_runs.change_state,
    "delete-flow-run": flow_runs.delete,
}


def prepare(action: dict[str, Any], occasion: Occasion) -> dict[str, Any]:
    """The action as `perform` takes it. What takes long is done here, so that no transaction waits for it.

    Raises ActionFailed.
    """
    return deployments.fill_in_parameters(action, occasion) if action["type"] == "run-deployment" else action


def perform(action: dict[str, Any], occasion: Occasion) -> list[dict[str, str]]:
    """`action` is prepared. Returns the resources that were acted on, as an event relates them. Raises ActionFailed."""
    return ACTIONS[action["type"]](action, occasion)


__all__ = ["ACTIONS", "Occasion", "perform", "prepare"]
