"""What the database remembers of automations."""

from automations.models.automations import Automation

__all__ = ["Automation"]
