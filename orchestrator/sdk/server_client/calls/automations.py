"""Automations: what the server does by itself when events come."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from orchestrator.sdk.server_client.calls.core import Calls, Given, Id, ident, part, said, wire
from orchestrator.sdk.server_client.forms import as_body
from orchestrator.sdk.server_client.records import AutomationRecord
from orchestrator.sdk.server_client.thing_filters import AutomationFilter


class AutomationCalls(Calls):
    """What can be asked about automations."""

    def create_automation(self, automation: Any) -> UUID:
        """Make an automation: a dict of `name`, `trigger`, `actions`, …, or an object with `model_dump()`.

        Raises ServerUnreachable, without asking again, when the answer is lost: it may have been made, and
        `read_automations_by_name` tells.
        """
        made = self._client.ask("POST", "/automations/", as_body(automation, name="automation"), once=True)
        return UUID(str(made["id"]))

    def read_automation(self, automation_id: Id) -> AutomationRecord | None:
        """The automation, or None."""
        return self._one_or_none(AutomationRecord, f"/automations/{ident(automation_id)}")

    def read_automations(
        self,
        *,
        automations: Given | None = None,
        sort: str | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[AutomationRecord]:
        """The automations that the filter means."""
        found = wire(AutomationFilter, automations, "automations")
        body = said(automations=found, sort=sort, limit=limit, offset=offset)
        return self._many(AutomationRecord, "POST", "/automations/filter", body)

    def read_automations_by_name(self, name: str) -> list[AutomationRecord]:
        """Those of this name; several may have it."""
        return self.read_automations(automations={"name": {"any_": [name]}})

    def find_automation(self, id_or_name: Id) -> AutomationRecord | None:
        """The automation of this id, or the first of this name; None when there is none."""
        try:
            automation_id = UUID(str(id_or_name))
        except ValueError:
            found = self.read_automations_by_name(str(id_or_name))
            return found[0] if found else None
        return self.read_automation(automation_id)

    def update_automation(self, automation_id: Id, automation: Any) -> None:
        """Put this in its place, whole. Raises ObjectNotFound."""
        self._done("PUT", f"/automations/{ident(automation_id)}", as_body(automation, name="automation"))

    def pause_automation(self, automation_id: Id) -> None:
        """Let it do nothing until it is resumed."""
        self._done("PATCH", f"/automations/{ident(automation_id)}", {"enabled": False})

    def resume_automation(self, automation_id: Id) -> None:
        """Let it act again."""
        self._done("PATCH", f"/automations/{ident(automation_id)}", {"enabled": True})

    def delete_automation(self, automation_id: Id) -> None:
        """Delete it. Raises ObjectNotFound."""
        self._done("DELETE", f"/automations/{ident(automation_id)}")

    def read_resource_related_automations(self, resource_id: str) -> list[AutomationRecord]:
        """Those that have to do with a resource, such as `prefect.deployment.<id>`."""
        return self._many(AutomationRecord, "GET", f"/automations/related-to/{part(resource_id)}")

    def delete_resource_owned_automations(self, resource_id: str) -> None:
        """Delete those that belong to a resource."""
        self._done("DELETE", f"/automations/owned-by/{part(resource_id)}")
