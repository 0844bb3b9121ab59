"""A task that was already done under the same cache key is not done again."""

from orchestrator.contract.states import State, StateType
from runs.orchestration.decide import rule
from runs.orchestration.transition import Transition
from runs.orchestration.verdicts import PASS, Replace, Verdict

LONGEST_KEY = 2000  # characters


@rule(after={StateType.RUNNING})
def reuse_the_cached_state(transition: Transition) -> Verdict:
    """The task run ends at once, with what the earlier one left."""
    found = transition.cached
    if found is None:
        return PASS
    copy = State(
        type=found.type,
        name="Cached",
        message=found.message,
        data=found.data,
        details=found.details,
        timestamp=transition.at,
    )
    return Replace(copy, reason="Retrieved state from cache")


@rule(after={StateType.COMPLETED})
def refuse_long_cache_keys(transition: Transition) -> Verdict:
    """The task run is completed all the same; only it is not found by that key."""
    key = transition.proposed.details.get("cache_key") or ""
    if len(key) > LONGEST_KEY:
        return Replace(transition.proposed, reason=f"A cache key may have at most {LONGEST_KEY} characters.")
    return PASS
