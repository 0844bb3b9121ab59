"""How the named errors of automations are answered."""

from automations import errors
from orchestrator.rest.errors import answer_with


def register() -> None:
    answer_with(errors.AutomationNotFound, 404, key="exception_message")
