"""How many runs of a deployment may go on at once, and what becomes of one that is too many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import quote
from uuid import UUID

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.errors import ApiError, DeploymentError
from orchestrator.sdk.values.json_values import to_json

_SHORTEST_GRACE_SECONDS, _LONGEST_GRACE_SECONDS = 60, 86_400
_KEYS = ("limit", "collision_strategy", "grace_period_seconds")


class ConcurrencyLimitStrategy(StrEnum):
    """What becomes of a run for which there is no room."""

    ENQUEUE = "ENQUEUE"  # it waits for its turn
    CANCEL_NEW = "CANCEL_NEW"  # it is cancelled


@dataclass(frozen=True, slots=True)
class ConcurrencyLimitConfig:
    """A deployment's own limit, for `concurrency_limit=`.

    `limit` runs go on at once. `grace_period_seconds` (60 to 86,400) is how long a run that has a slot may take to
    begin before the slot is given to another; None is what the server says. Raises DeploymentError.
    """

    limit: int
    collision_strategy: ConcurrencyLimitStrategy | str = ConcurrencyLimitStrategy.ENQUEUE
    grace_period_seconds: int | None = None

    def __post_init__(self) -> None:
        concurrency_columns(self)
        object.__setattr__(self, "collision_strategy", ConcurrencyLimitStrategy(self.collision_strategy))


def concurrency_columns(given: Any) -> tuple[int | None, dict[str, Any] | None]:
    """A limit and its options, of a number or of an object with the keys limit, collision_strategy and
    grace_period_seconds. Raises DeploymentError."""
    if given is None or (isinstance(given, int) and not isinstance(given, bool)):
        return _checked_limit(given), None
    if isinstance(given, Mapping):
        found = dict(given)
    else:
        found = {key: getattr(given, key) for key in _KEYS if getattr(given, key, None) is not None}
    if isinstance(given, Mapping) and "limit" in given and not any(value is not None for value in found.values()):
        return None, None  # a file that says it without saying how many
    limit = found.get("limit")
    if set(found) - set(_KEYS) or not isinstance(limit, int) or isinstance(limit, bool):
        raise DeploymentError(
            "concurrency_limit is a number, or an object with limit and, if wanted, collision_strategy and "
            f"grace_period_seconds: {given!r}"
        )
    options = {key: to_json(found[key]) for key in _KEYS[1:] if found.get(key) is not None}
    if options:
        _check_options(options)
        options.setdefault("collision_strategy", "ENQUEUE")
    return _checked_limit(limit), options or None


def global_limit_id(given: Any, *, client: Client) -> str:
    """The id of a global concurrency limit: given as its name, its id, or an object with an `id`.

    Raises DeploymentError when there is none of this name.
    """
    identity = given.get("id") if isinstance(given, Mapping) else getattr(given, "id", None)
    if isinstance(given, UUID) or identity is not None:
        return str(identity or given)
    if not isinstance(given, str) or not given:
        raise DeploymentError(
            f"global_concurrency_limit is the name of a global concurrency limit, its id, or what reading it gave: "
            f"{given!r}"
        )
    try:
        return str(client.ask("GET", f"/v2/concurrency_limits/{quote(given, safe='')}")["id"])
    except ApiError as error:
        if error.status != 404:
            raise
        raise DeploymentError(f"There is no global concurrency limit {given!r}; make it first") from error


def _checked_limit(limit: int | None) -> int | None:
    if limit is not None and limit < 0:
        raise DeploymentError(f"concurrency_limit is {limit}; a number from 0 on is needed")
    return limit


def _check_options(options: dict[str, Any]) -> None:
    strategy = options.get("collision_strategy", "ENQUEUE")
    known = [each.value for each in ConcurrencyLimitStrategy]
    if strategy not in known:
        raise DeploymentError(f"collision_strategy is {strategy!r}; there are {' and '.join(known)}")
    grace = options.get("grace_period_seconds", _SHORTEST_GRACE_SECONDS)
    is_number = isinstance(grace, int) and not isinstance(grace, bool)
    if not is_number or not _SHORTEST_GRACE_SECONDS <= grace <= _LONGEST_GRACE_SECONDS:
        raise DeploymentError(
            f"grace_period_seconds is {grace!r}; a whole number from {_SHORTEST_GRACE_SECONDS} to "
            f"{_LONGEST_GRACE_SECONDS} is needed"
        )
