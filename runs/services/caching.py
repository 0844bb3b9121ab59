"""Completed states that task runs with the same cache key take over."""

from __future__ import annotations

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import now, parse_time
from orchestrator.statements.writing import insert_rows
from runs.models import CachedState
from runs.models.task_caches import digest_of


def cached_state_for(proposal: State) -> State | None:
    """The state to be taken over instead of running, if there is one. Without a cache key nothing is read."""
    key = proposal.details.get("cache_key")
    if proposal.type is not StateType.RUNNING or not key or proposal.details.get("refresh_cache"):
        return None
    found = CachedState.objects.under(key, now()).select_related("state").first()
    return found.state.as_state() if found else None


def remember_in_cache(state: State) -> None:
    """Let others take over this state, which was just written, if it is a completed one with a cache key."""
    key = state.details.get("cache_key")
    if state.type is not StateType.COMPLETED or not key:
        return
    expiration = state.details.get("cache_expiration")
    expires_at = parse_time(expiration) if expiration else None
    insert_rows([CachedState(key_digest=digest_of(key), state_id=state.id, expires_at=expires_at)])
