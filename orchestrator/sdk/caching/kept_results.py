"""The options of a task that say what becomes of its result, checked where they are written."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from datetime import timedelta

    from orchestrator.sdk.caching.policies import CachePolicy

_ASKING = (
    "cache_policy",
    "cache_key_fn",
    "cache_expiration",
    "cache_expiration_seconds",
    "result_storage_key",
    "result_storage",
    "result_serializer",
)


class KeptResults(NamedTuple):
    """What the options come to. `persist_result` None does as the flow does."""

    persist_result: bool | None = None
    cache_policy: CachePolicy | None = None
    cache_expiration: timedelta | None = None
    result_storage: Any = None
    result_serializer: Any = None
    may_be_cached: bool = True

    @staticmethod
    def of(options: dict[str, Any]) -> KeptResults:
        """Raises TypeError and ValueError for what cannot be, ResultStorageError and SettingError for what there is
        not."""
        persist = options["persist_result"]
        if persist is not None and not isinstance(persist, bool):
            raise TypeError(f"persist_result is {persist!r}; use True, False or None")
        asked = any(options[name] is not None for name in _ASKING)
        if not asked:
            return KeptResults(persist_result=persist, may_be_cached=not options["refresh_cache"])
        from orchestrator.sdk.caching.policies import NO_CACHE
        from orchestrator.sdk.results.readers import tell
        from orchestrator.sdk.results.serializers import serializer_for
        from orchestrator.sdk.results.storage import storage_for

        policy = _policy(options)
        only_no_cache = policy is NO_CACHE and all(options[name] is None for name in _ASKING if name != "cache_policy")
        if persist is None and not only_no_cache:
            persist = True
        storage, serializer = options["result_storage"], options["result_serializer"]
        storage = storage_for(storage) if storage is not None else None
        serializer = serializer_for(serializer) if serializer is not None else None
        if serializer is not None:
            tell(storage, serializer)
        return KeptResults(
            persist_result=persist,
            cache_policy=policy,
            cache_expiration=_expiration(options),
            result_storage=storage,
            result_serializer=serializer,
            may_be_cached=not options["refresh_cache"] and policy is not NO_CACHE,
        )


def _policy(options: dict[str, Any]) -> CachePolicy | None:
    from orchestrator.sdk.caching.policies import CacheKeyFnPolicy, checked_policy

    key_fn = options["cache_key_fn"]
    policy = checked_policy(options["cache_policy"]) if options["cache_policy"] is not None else None
    if key_fn is None:
        return policy
    if not callable(key_fn):
        raise TypeError(f"cache_key_fn is {key_fn!r}; a function of the context and the parameters is needed")
    if policy is not None:
        named = getattr(key_fn, "__qualname__", key_fn)  # else Python would show it for the first task alone
        warnings.warn(f"cache_policy is passed over, because cache_key_fn={named} is given too", stacklevel=2)
    return CacheKeyFnPolicy(key_fn)


def _expiration(options: dict[str, Any]) -> timedelta | None:
    from datetime import timedelta

    given = options["cache_expiration"]
    seconds = options["cache_expiration_seconds"]
    if given is not None and seconds is not None:
        raise ValueError("cache_expiration and cache_expiration_seconds are both given; give one of them")
    given = seconds if given is None else given
    if given is None:
        return None
    found = given if isinstance(given, timedelta) else None
    if isinstance(given, (int, float)) and not isinstance(given, bool):
        found = timedelta(seconds=given)
    if found is None or found <= timedelta(0):
        raise ValueError(f"cache_expiration is {given!r}; a timedelta or a number of seconds above 0 is needed")
    return found
