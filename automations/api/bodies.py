"""What requests about automations carry."""

from __future__ import annotations

from typing import Any, Self

from pydantic import model_validator

from automations.api.action_bodies import Action, RunDeployment
from automations.api.trigger_bodies import EventTrigger, Trigger
from orchestrator.rest.bodies import Body, Tags

# What a run of a deployment goes through: a trigger that waits for it, and runs that deployment, never comes to an end.
_STATES_OF_NEW_RUNS = {f"prefect.flow-run.{name}" for name in ("Scheduled", "Pending", "Running", "*")}

MOST_ACTIONS = 50


class AutomationUpdate(Body):
    name: str
    description: str = ""
    enabled: bool = True
    tags: Tags = []
    trigger: Trigger
    actions: list[Action]
    actions_on_trigger: list[Action] = []
    actions_on_resolve: list[Action] = []

    @model_validator(mode="after")
    def _few_actions(self) -> Self:
        count = len(self.actions) + len(self.actions_on_trigger) + len(self.actions_on_resolve)
        if count > MOST_ACTIONS:
            raise ValueError(f"An automation has at most {MOST_ACTIONS} actions; this has {count}.")
        return self

    @model_validator(mode="after")
    def _comes_to_an_end(self) -> Self:
        if self.enabled and _feeds_itself(self.trigger, self.actions):
            raise ValueError("Running an inferred deployment whenever a run begins would never come to an end.")
        return self

    def columns(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "description": self.description,
            "enabled": self.enabled,
            "tags": self.tags,
            "trigger": self.trigger.stored(),
            "actions": [action.stored() for action in self.actions],
            "actions_on_trigger": [action.stored() for action in self.actions_on_trigger],
            "actions_on_resolve": [action.stored() for action in self.actions_on_resolve],
        }


class AutomationCreate(AutomationUpdate):
    owner_resource: str | None = None


class AutomationPartialUpdate(Body):
    enabled: bool = True


def _feeds_itself(trigger: EventTrigger, actions: list[Any]) -> bool:
    if not _STATES_OF_NEW_RUNS & set(trigger.expect):
        return False
    everywhere = not trigger.match_related and trigger.match in ({}, {"prefect.resource.id": "prefect.flow-run.*"})
    runs = [action for action in actions if isinstance(action, RunDeployment)]
    return any(action.source == "inferred" or everywhere for action in runs)
