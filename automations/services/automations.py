"""Automations: made, replaced, switched on and off, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from automations.errors import AutomationNotFound
from automations.models import Automation, AutomationResource, TriggerBucket
from automations.services.evaluation import begin_at_end_of_log
from automations.services.payloads import payload_of
from orchestrator.contract.events import resource, resource_id
from orchestrator.events.emit import emit

# The keys by which an action names what it acts on.
_TARGETS = {
    "deployment_id": "deployment",
    "work_queue_id": "work-queue",
    "work_pool_id": "work-pool",
}


def create_automation(*, columns: Mapping[str, Any], owner_resource: str | None = None) -> Automation:
    """It sees the events that are reported from now on. With its owner, a resource's identifier, it is deleted."""
    with transaction.atomic():
        automation = Automation(**columns)
        if automation.enabled:
            begin_at_end_of_log()
        automation.save(force_insert=True)
        _remember_resources(automation, owner_resource)
        _emit(automation, "created")
    return automation


def get_automation(automation_id: UUID) -> Automation:
    """Raises AutomationNotFound."""
    automation = Automation.objects.filter(pk=automation_id).first()
    if automation is None:
        raise AutomationNotFound(automation_id)
    return automation


def replace_automation(*, automation_id: UUID, columns: Mapping[str, Any]) -> Automation:
    """What was counted so far is forgotten. Raises AutomationNotFound."""
    with transaction.atomic():
        automation = _locked(automation_id)
        if columns.get("enabled", True) and not automation.enabled:
            begin_at_end_of_log()
        for column, value in columns.items():
            setattr(automation, column, value)
        automation.save()
        owner = automation.resources.filter(is_owner=True).values_list("resource_id", flat=True).first()
        automation.resources.all().delete()
        _remember_resources(automation, owner)
        TriggerBucket.objects.filter(automation=automation).delete()
        _emit(automation, "updated")
    return automation


def switch_automation(*, automation_id: UUID, enabled: bool) -> Automation:
    """What happens while it is switched off is not caught up on. Raises AutomationNotFound."""
    with transaction.atomic():
        automation = _locked(automation_id)
        if automation.enabled == enabled:
            return automation
        if enabled:
            begin_at_end_of_log()
        automation.enabled = enabled
        automation.save(update_fields=["enabled", "updated"])
        TriggerBucket.objects.filter(automation=automation).delete()
        _emit(automation, "updated")
    return automation


def delete_automation(automation_id: UUID) -> None:
    """Raises AutomationNotFound."""
    with transaction.atomic():
        automation = _locked(automation_id)
        _emit(automation, "deleted")
        automation.delete()


def delete_automations_of(owner_resource: str) -> int:
    """Those that belong to this resource. Returns how many."""
    with transaction.atomic():
        owned = list(Automation.objects.owned_by(owner_resource).order_by("pk"))
        for automation in owned:
            _emit(automation, "deleted")
            automation.delete()
    return len(owned)


def _locked(automation_id: UUID) -> Automation:
    automation = Automation.objects.select_for_update().filter(pk=automation_id).first()
    if automation is None:
        raise AutomationNotFound(automation_id)
    return automation


def _remember_resources(automation: Automation, owner_resource: str | None) -> None:
    targets = {
        resource_id(kind, action[key])
        for action in [*automation.actions, *automation.actions_on_trigger, *automation.actions_on_resolve]
        for key, kind in _TARGETS.items()
        if action.get(key)
    }
    rows = [AutomationResource(automation=automation, resource_id=target) for target in targets - {owner_resource}]
    if owner_resource:
        rows.append(AutomationResource(automation=automation, resource_id=owner_resource, is_owner=True))
    AutomationResource.objects.bulk_create(rows)


def _emit(automation: Automation, what: str) -> None:
    emit(
        event=f"prefect.automation.{what}",
        resource=resource("automation", automation.pk, name=automation.name),
        payload=payload_of(automation),
    )
