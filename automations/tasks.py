"""Services that beat starts. Each does a bounded piece of work and returns how many rows it touched."""

from __future__ import annotations

from automations.models import Automation, Firing
from automations.services import evaluation, firing, forgetting
from orchestrator.periodic import service
from orchestrator.statements.batches import repeat
from orchestrator.statements.reading import PreparedRows

SECONDS_AT_A_TIME = 3.0

_enabled = PreparedRows(lambda: Automation.objects.enabled().values("pk")[:1])
_waiting = PreparedRows(lambda: Firing.objects.waiting().values("pk")[:1])


def _is_needed() -> bool:
    return _enabled.first() is not None or _waiting.first() is not None


@service(every_seconds=2, most_seconds=8.0, has_work=_is_needed)
def triggers() -> int:
    """Shows new events to the triggers of automations, and does the actions of those that fire."""
    shown = repeat(evaluation.evaluate_events, seconds=SECONDS_AT_A_TIME)
    done = repeat(firing.act_on_firings, seconds=SECONDS_AT_A_TIME)
    forgetting.forget_what_is_over()
    return shown + done
