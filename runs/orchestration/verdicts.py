"""What a rule can say of a transition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.contract.states import State


@dataclass(frozen=True, slots=True)
class Pass:
    """Nothing against it. `policy` holds changes to the run's empirical policy, made if the state is written."""

    policy: Mapping[str, Any] = field(default_factory=dict)


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
