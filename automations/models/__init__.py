"""What the database remembers of automations."""

from automations.models.automations import Automation, AutomationResource
from automations.models.triggers import Firing, TriggerBucket, TriggerPosition

__all__ = ["Automation", "AutomationResource", "Firing", "TriggerBucket", "TriggerPosition"]
