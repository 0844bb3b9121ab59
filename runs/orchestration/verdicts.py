"""What a rule can say of a transition."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from orchestrator.contract.states import State


@dataclass(frozen=True, slots=True)
class Shortage:
    """Why a slot could not be had."""

    names: tuple[str, ...]  # of the limits that were asked
    closed: str | None = None  # the first of them that has no slots at all, so that waiting is in vain
    occupancy_seconds: float = 0.0  # for which a slot of the fullest limit is held on average


@dataclass(frozen=True, slots=True)
class SlotNeed:
    """A slot of each of these limits is to be had when no rule refuses. Limits that do not exist hold nobody up."""

    without: Callable[[Shortage], Verdict]  # what is to be done when none is free
    limit_ids: tuple[UUID, ...] = ()
    tags: tuple[str, ...] = ()  # the limits of these tags
    lease_id: UUID | None = None  # what the run may hold already; then it is kept and nothing is taken
    lease_seconds: float | None = None  # None: for as long as the run's work lasts, without being renewed
    only_look: bool = False  # nothing is taken: it matters only whether it could be


@dataclass(frozen=True, slots=True)
class Pass:
    """Nothing against it. `policy` holds changes to the run's empirical policy, made if the state is written."""

    policy: Mapping[str, Any] = field(default_factory=dict)
    needs: SlotNeed | None = None


@dataclass(frozen=True, slots=True)
class Amend:
    """Nothing against it, if it is written like this."""

    state: State
    policy: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Keep:
    """Rejected: the run stays in its present state, which the answer carries."""

    reason: str


@dataclass(frozen=True, slots=True)
class Replace:
    """Rejected: another state is written instead, and the answer carries it."""

    state: State
    reason: str
    policy: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wait:
    """Not yet: propose again after so many whole seconds."""

    seconds: int
    reason: str


@dataclass(frozen=True, slots=True)
class Abort:
    """The proposer must stop; the run stays as it is."""

    reason: str


PASS = Pass()

Verdict = Pass | Amend | Keep | Replace | Wait | Abort
