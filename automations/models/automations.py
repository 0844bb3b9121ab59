from __future__ import annotations

from django.db import models

from runs.models.base import Record


class AutomationQuerySet(models.QuerySet):
    def enabled(self) -> AutomationQuerySet:
        return self.filter(enabled=True)

    def around(self, resource_id: str) -> AutomationQuerySet:
        """Those that act on the resource, or belong to it."""
        return self.filter(resources__resource_id=resource_id).distinct()

    def owned_by(self, resource_id: str) -> AutomationQuerySet:
        return self.filter(resources__resource_id=resource_id, resources__is_owner=True)


class Automation(Record):
    """When the trigger fires, the actions happen."""

    name = models.TextField()
    description = models.TextField(default="", blank=True)
    enabled = models.BooleanField(default=True, db_index=True)
    tags = models.JSONField(default=list, blank=True)
    trigger = models.JSONField()
    actions = models.JSONField(default=list)
    actions_on_trigger = models.JSONField(default=list)
    actions_on_resolve = models.JSONField(default=list)

    objects = AutomationQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["name"], name="automation_name"),
            models.Index(fields=["-created"], name="automation_created"),
        ]

    def __str__(self) -> str:
        return self.name


class AutomationResource(models.Model):
    """A resource that an automation acts on or belongs to, so that the automations around it are found by index."""

    automation = models.ForeignKey(Automation, on_delete=models.CASCADE, related_name="resources")
    resource_id = models.TextField(db_index=True, help_text="Such as prefect.deployment.<id>.")
    is_owner = models.BooleanField(default=False, help_text="The automation goes when its owner goes.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["automation", "resource_id"], name="automation_resource")]

    def __str__(self) -> str:
        return self.resource_id
