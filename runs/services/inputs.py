"""Texts that are given to a run while it runs, each under a key."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import IntegrityError, transaction

from runs.errors import InputExists, InputNotFound, RunNotFound
from runs.models import FlowRun, FlowRunInput
from runs.orchestration.transition import RunKind

LONGEST_LIST = 1000


def give_input(*, flow_run_id: UUID, key: str, value: str, sender: str | None = None) -> FlowRunInput:
    """Raises InputExists when something was given under this key before, and RunNotFound."""
    try:
        with transaction.atomic():
            if not FlowRun.objects.filter(pk=flow_run_id).exists():
                raise RunNotFound(RunKind.FLOW_RUN, flow_run_id)
            return FlowRunInput.objects.create(flow_run_id=flow_run_id, key=key, value=value, sender=sender)
    except IntegrityError:
        raise InputExists(key) from None


def find_input(*, flow_run_id: UUID, key: str) -> FlowRunInput | None:
    return FlowRunInput.objects.filter(flow_run=flow_run_id, key=key).first()


def find_inputs(
    *, flow_run_id: UUID, prefix: str, exclude_keys: Sequence[str] = (), limit: int = 1
) -> list[FlowRunInput]:
    """Those whose keys begin with `prefix`, the oldest first."""
    rows = FlowRunInput.objects.filter(flow_run=flow_run_id, key__startswith=prefix).exclude(key__in=exclude_keys)
    return list(rows.order_by("created", "id")[: max(0, min(limit, LONGEST_LIST))])


def delete_input(*, flow_run_id: UUID, key: str) -> None:
    """Raises InputNotFound."""
    deleted, _ = FlowRunInput.objects.filter(flow_run=flow_run_id, key=key).delete()
    if not deleted:
        raise InputNotFound(key)
