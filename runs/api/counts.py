"""How many runs fit a filter. What is known of past hours need not be counted."""

from __future__ import annotations

from typing import Any

from orchestrator.rest.counts import count_rows
from orchestrator.rest.filters import Combination, Filter
from orchestrator.rest.search import Entity
from runs.api.filters import FLOW_RUNS, TASK_RUNS
from runs.models.hour_counts import Counted
from runs.services.known_hours import count_all, count_began

KINDS = {FLOW_RUNS: Counted.FLOW_RUNS, TASK_RUNS: Counted.TASK_RUNS}


def count_runs(entity: Entity, body: Any) -> int:
    """Known are all runs, and those that began in a span of time, be it those of some types of state."""
    asked = _filled(getattr(body, entity.key))
    if _is_narrowed_by_others(entity, body) or not asked.keys() <= _KNOWN or asked.keys() == {_STATE}:
        return count_rows(entity, body)
    if not asked:
        return count_all(KINDS[entity])
    since, until = asked.get(_SINCE), asked.get(_UNTIL)
    known = count_began(KINDS[entity], types=asked.get(_STATE), since=since, until=until)
    return count_rows(entity, body) if known is None else known


def asks_for_all(entity: Entity, body: Any) -> bool:
    return not _is_narrowed_by_others(entity, body) and not _filled(getattr(body, entity.key))


_SINCE, _UNTIL, _STATE = "start_time.after_", "start_time.before_", "state.type.any_"
_KNOWN = {_SINCE, _UNTIL, _STATE}


def _is_narrowed_by_others(entity: Entity, body: Any) -> bool:
    """Also by a filter that asks for nothing: it leaves out runs that belong to nothing of its kind."""
    others = (key for key in entity.alongside if key != entity.key)
    return any(getattr(body, key, None) is not None for key in others)


def _filled(filter: Filter | None, path: str = "") -> dict[str, Any]:
    """Every key that asks for something, by its path. One more key tells where it is enough that one of them fits."""
    found: dict[str, Any] = {}
    for key in type(filter).conditions if filter is not None else ():
        value = getattr(filter, key)
        if isinstance(value, Filter):
            found |= _filled(value, f"{path}{key}.")
        elif value is not None:
            found[f"{path}{key}"] = value
    if found and getattr(filter, "operator", Combination.AND) != Combination.AND:
        found[f"{path}operator"] = Combination.OR
    return found
