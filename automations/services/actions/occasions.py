"""Why an action is done, and to what."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from automations.errors import ActionFailed
from automations.models import Automation, Firing


@dataclass(frozen=True, slots=True)
class Occasion:
    """A firing of an automation; `index` is the action's place among its actions."""

    automation: Automation
    firing: Firing
    index: int

    @property
    def action(self) -> dict[str, Any]:
        """As the automation says it."""
        automation = self.automation
        action: dict[str, Any] = [*automation.actions, *automation.actions_on_trigger][self.index]
        return action

    @property
    def key(self) -> str:
        """The same whenever this action of this firing is tried again."""
        return f"automation {self.firing.pk} action {self.index}"

    @property
    def author(self) -> dict[str, Any]:
        """Who made what this action makes."""
        return {"id": str(self.automation.pk), "type": "AUTOMATION", "display_value": self.automation.name}

    def target(self, action: dict[str, Any], kind: str, key: str) -> UUID:
        """The one that the action names by `key`, else the first of this kind around the event. Raises ActionFailed."""
        if action.get("source", "inferred") == "selected":
            return UUID(action[key])
        return self.inferred(kind)

    def inferred(self, kind: str) -> UUID:
        """The first resource of the kind: what the trigger distinguished by, the event's own, then related ones.

        Raises ActionFailed when the event has nothing to do with any.
        """
        found = self.find(kind)
        if found is None:
            raise ActionFailed(f"The event {self.firing.event['event']!r} has nothing to do with any {kind}.")
        return found

    def find(self, kind: str) -> UUID | None:
        prefix = f"prefect.{kind}."
        for identifier in self._resource_ids():
            if identifier.startswith(prefix):
                with suppress(ValueError):
                    return UUID(identifier.removeprefix(prefix))
        return None

    def _resource_ids(self) -> Iterator[str]:
        yield self.firing.labels.get("prefect.resource.id", "")
        for labels in (self.firing.event["resource"], *self.firing.event["related"]):
            yield labels.get("prefect.resource.id", "")
