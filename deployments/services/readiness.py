"""Which deployments are called ready. Many change at once when a worker comes or goes."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from deployments.models import Deployment
from deployments.services.resources import event_of_deployment, status_word
from orchestrator.events.emit import emit_all
from orchestrator.statements.batches import pieces

BATCH = 500  # deployments that one call changes
PIECE = 100  # of them in one transaction: on SQLite nobody else writes meanwhile
_TOLD = (  # what an event says of a deployment
    "name", "storage_document_id", "infrastructure_document_id", "global_concurrency_limit", "flow__name",
    "work_queue__name", "work_queue__work_pool__name", "work_queue__work_pool__type",
)  # fmt: skip


def change_status(deployments: QuerySet[Deployment], status: Deployment.Status, **columns: Any) -> int:
    """Give these deployments, which have another status, this one and the `columns`, the first BATCH of them in their
    order, and emit the event of each. Returns how many. Those that change in this moment are left out.

    `updated` stays: being looked after changes nothing about a deployment.
    """
    first = list(deployments.values_list("pk", flat=True)[:BATCH])
    return sum(_change(deployments.filter(pk__in=some), status, columns) for some in pieces(first, PIECE))


def _change(deployments: QuerySet[Deployment], status: Deployment.Status, columns: dict[str, Any]) -> int:
    with transaction.atomic():
        # Nobody is waited for: whoever polls locks many of these rows, in an order of its own.
        unlocked = deployments.select_for_update(of=("self",), skip_locked=True)
        changing = list(unlocked.select_related("flow", "work_queue__work_pool").only(*_TOLD))
        Deployment.objects.filter(pk__in=[each.pk for each in changing]).update(status=status, **columns)
        emit_all([event_of_deployment(each, status_word(status)) for each in changing])
    return len(changing)
