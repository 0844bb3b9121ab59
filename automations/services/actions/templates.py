"""Texts of actions may be templates over what made the automation fire.

Known names: `automation`, `event`, `labels`, `firing`, and as far as the event has to do with one: `flow_run`, `flow`,
`deployment`, `work_queue`, `work_pool`.
"""

from __future__ import annotations

import re
from time import monotonic
from typing import Any

from django.db.models import Model

from automations.errors import ActionFailed
from automations.services.actions.occasions import Occasion
from automations.services.payloads import payload_of
from deployments.models import Deployment, WorkPool, WorkQueue
from orchestrator.contract.times import format_time
from orchestrator.store.errors import BadTemplate
from orchestrator.store.services.hydration import KIND
from orchestrator.store.services.templates import RENDER_SECONDS, is_template, render_template
from runs.models import Flow, FlowRun

_ONE_EXPRESSION = re.compile(r"\s*\{\{(?P<expression>(?:(?!\}\}).)+)\}\}\s*", re.DOTALL)
# name in templates -> kind of resource, model, and which columns are told
_LOOKUPS: dict[str, tuple[str, type[Model], tuple[str, ...]]] = {
    "flow_run": ("flow-run", FlowRun, ("name", "parameters", "tags", "state", "flow_id", "deployment_id", "run_count")),
    "flow": ("flow", Flow, ("name", "tags", "labels")),
    "deployment": ("deployment", Deployment, ("name", "tags", "description", "version", "flow_id", "parameters")),
    "work_queue": ("work-queue", WorkQueue, ("name", "description", "priority")),
    "work_pool": ("work-pool", WorkPool, ("name", "type", "description")),
}

MOST_SECONDS = 3.0  # for all templates of one action


def fill_in(parameters: dict[str, Any], occasion: Occasion) -> dict[str, Any]:
    """The parameters with every template filled in. A text that is one expression keeps the type of its value.

    What stands for something else in another way (`__prefect_kind`) is left to whoever makes the run. Raises
    ActionFailed for a template that fails, and when all of them together take too long.
    """
    filled: dict[str, Any] = _filled(parameters, _Values(occasion))
    return filled


class _Values:
    """What templates may name. Rows are read when a template names them."""

    def __init__(self, occasion: Occasion) -> None:
        self._occasion = occasion
        self._until = monotonic() + MOST_SECONDS
        firing = occasion.firing
        self._known: dict[str, Any] = {
            "automation": payload_of(occasion.automation),
            "event": firing.event,
            "labels": firing.labels,
            "firing": {
                "id": str(firing.pk),
                "triggered": format_time(firing.fired_at),
                "triggering_labels": firing.labels,
                "triggering_event": firing.event,
            },
        }

    @property
    def seconds_left(self) -> float:
        """For the next template. Raises ActionFailed when there is no time left."""
        left = self._until - monotonic()
        if left <= 0:
            raise ActionFailed(f"The templates of the action take more than {MOST_SECONDS:g} s together.")
        return min(left, RENDER_SECONDS)

    def named_in(self, template: str) -> dict[str, Any]:
        for name, (kind, model, columns) in _LOOKUPS.items():
            if name not in self._known and name in template:
                self._known[name] = self._row(kind, model, columns)
        return self._known

    def _row(self, kind: str, model: type[Model], columns: tuple[str, ...]) -> dict[str, Any] | None:
        found = self._occasion.find(kind)
        row = model._default_manager.filter(pk=found).values("pk", *columns).first() if found else None
        return None if row is None else {"id": str(row.pop("pk")), **{key: _plain(value) for key, value in row.items()}}


def _filled(value: Any, values: _Values) -> Any:
    if isinstance(value, list):
        return [_filled(item, values) for item in value]
    if isinstance(value, str):
        return _filled_text(value, values)
    if not isinstance(value, dict):
        return value
    if value.get(KIND) == "jinja" and isinstance(value.get("template"), str):
        return _rendered(value["template"], values)
    return {key: _filled(item, values) for key, item in value.items()}


def _filled_text(text: str, values: _Values) -> Any:
    if not is_template(text):
        return text
    one = _ONE_EXPRESSION.fullmatch(text)
    if one is None:
        return _rendered(text, values)
    return {KIND: "json", "value": _rendered(f"{{{{ ({one['expression']}) | tojson }}}}", values)}


def _rendered(template: str, values: _Values) -> str:
    try:
        return render_template(template, values.named_in(template), seconds=values.seconds_left)
    except BadTemplate as error:
        raise ActionFailed(f"The template {template!r} cannot be filled in: {error}") from None


def _plain(value: Any) -> Any:
    """As JSON tells it: templates are filled in by another process."""
    return value if value is None or isinstance(value, str | int | float | bool | dict | list) else str(value)
