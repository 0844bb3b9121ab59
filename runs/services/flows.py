"""Flows come into being when somebody first names them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from orchestrator.contract.events import resource
from orchestrator.events.emit import emit
from runs.errors import FlowNotFound
from runs.models import Flow


def get_or_create_flow(
    *, name: str, tags: list[str] | None = None, labels: dict[str, Any] | None = None
) -> tuple[Flow, bool]:
    """The flow of this name, and whether it is new. An existing flow keeps its tags and labels."""
    known = Flow.objects.filter(name=name).first()
    if known is not None:
        return known, False
    with transaction.atomic():
        flow, created = Flow.objects.get_or_create(name=name, defaults={"tags": tags or [], "labels": labels or {}})
        if created:
            _emit(flow, "created")
    return flow, created


def update_flow(*, flow_id: UUID, tags: list[str] | None) -> Flow:
    """None leaves the tags as they are. Raises FlowNotFound."""
    with transaction.atomic():
        flow = _locked(flow_id)
        flow.tags = flow.tags if tags is None else tags
        flow.save(update_fields=["tags", "updated"])
        _emit(flow, "updated")
    return flow


def delete_flow(*, flow_id: UUID) -> None:
    """With its runs and deployments. Raises FlowNotFound."""
    with transaction.atomic():
        flow = _locked(flow_id)
        _emit(flow, "deleted")
        flow.delete()


def _locked(flow_id: UUID) -> Flow:
    flow = Flow.objects.select_for_update().filter(pk=flow_id).first()
    if flow is None:
        raise FlowNotFound(flow_id)
    return flow


def _emit(flow: Flow, what: str) -> None:
    emit(
        event=f"prefect.flow.{what}",
        resource=resource("flow", flow.pk, name=flow.name),
        payload={"name": flow.name, "tags": flow.tags, "labels": flow.labels},
    )
