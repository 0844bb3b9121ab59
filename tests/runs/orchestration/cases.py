"""Short words for writing tables of transitions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import format_time
from runs.orchestration.decide import Decision, decide
from runs.orchestration.policy import rules_for
from runs.orchestration.transition import RunFacts, RunKind, Transition

NOW = datetime(2026, 3, 29, 12, 0, tzinfo=UTC)
RUN_ID = UUID(int=1)


def state(type_: str, name: str = "", *, message: str | None = None, data: Any = None, **details: Any) -> State:
    return State(type=StateType(type_), name=name, message=message, data=data, details=details, timestamp=NOW)


def at(seconds: float) -> str:
    """A time so many seconds from now, as it stands in state details."""
    return format_time(NOW + timedelta(seconds=seconds))


def decision(
    initial: State | None,
    proposed: State,
    *,
    kind: RunKind = RunKind.FLOW_RUN,
    force: bool = False,
    claim_is_held: bool | None = None,
    client: tuple[int, int, int] | None = None,
    takes_claim: bool = False,
    deferred: bool = False,
    **facts: Any,
) -> Decision:
    run = RunFacts(id=RUN_ID, kind=kind, **facts)
    transition = Transition(
        run=run,
        initial=initial,
        proposed=proposed,
        at=NOW,
        claim_is_held=claim_is_held,
        client=client,
        takes_claim=takes_claim,
    )
    return decide(transition, rules_for(kind, force=force, deferred=deferred))
