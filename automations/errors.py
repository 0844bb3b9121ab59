"""What can go wrong with automations, by name."""

from __future__ import annotations

from uuid import UUID


class AutomationsError(Exception):
    """Something about an automation could not be done."""


class AutomationNotFound(AutomationsError):
    def __init__(self, automation_id: UUID) -> None:
        super().__init__(f"Automation with id {automation_id} not found")


class ActionFailed(AutomationsError):
    """An action could not do what it is for. The message says why; it is not tried again."""
