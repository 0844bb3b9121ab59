"""Services that beat starts. Each does a bounded piece of work and returns how many rows it touched."""

from __future__ import annotations

from automations.models import Automation, Firing
from automations.services import evaluation, firing, forgetting
from orchestrator.periodic import service
from orchestrator.statements.batches import repeat
from orchestrator.statements.reading import PreparedExists

SECONDS_AT_A_TIME = 3.0

_is_anything_enabled = PreparedExists(Automation.objects.enabled)
_is_anything_waiting = PreparedExists(Firing.objects.waiting)


def _is_needed() -> bool:
    return _is_anything_enabled() or _is_anything_waiting()


@service(every_seconds=2, most_seconds=8.0, has_work=_is_needed)
def triggers() -> int:
    """Shows new events to the triggers of automations, and does the actions of those that fire."""
    shown = repeat(evaluation.evaluate_events, seconds=SECONDS_AT_A_TIME)
    done = repeat(firing.act_on_firings, seconds=SECONDS_AT_A_TIME)
    forgetting.forget_what_is_over()
    return shown + done
