"""Ask the rules, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.contract.states import State, StateType, Status
from runs.orchestration.transition import Transition
from runs.orchestration.verdicts import Abort, Amend, Keep, Pass, Replace, SlotNeed, Verdict, Wait

ANY: frozenset[StateType | None] = frozenset({None, *StateType})


@dataclass(frozen=True, slots=True)
class Rule:
    """A question that is asked of transitions from some types to some types. None is "no state yet"."""

    ask: Callable[[Transition], Verdict]
    from_types: frozenset[StateType | None]
    to_types: frozenset[StateType]


def rule(
    *, before: Iterable[StateType | None] = ANY, after: Iterable[StateType] = frozenset(StateType)
) -> Callable[[Callable[[Transition], Verdict]], Rule]:
    """Make a rule of a function; it is asked when the run is in one of `before` and one of `after` is proposed."""

    def make(ask: Callable[[Transition], Verdict]) -> Rule:
        return Rule(ask=ask, from_types=frozenset(before), to_types=frozenset(after))

    return make


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to a proposal. `write` is the state to be written, or None when nothing changes."""

    status: Status
    write: State | None = None
    reason: str | None = None
    delay_seconds: int | None = None
    policy: dict[str, Any] | None = None  # changes to the empirical policy, made together with the write
    needs: SlotNeed | None = None  # to be had before the write; without it, another decision is taken


def decide(transition: Transition, rules: Iterable[Rule]) -> Decision:
    """The first rule that refuses wins; if none does, the proposal is accepted as the rules amended it."""
    policy: dict[str, Any] = {}
    needs: SlotNeed | None = None
    before, after = transition.from_type, transition.to_type
    for one in rules:
        if before not in one.from_types or after not in one.to_types:
            continue
        match one.ask(transition):
            case Pass(policy=changes, needs=need):
                policy.update(changes)
                needs = need or needs
            case Amend(state=state, policy=changes):
                policy.update(changes)
                transition, after = replace(transition, proposed=state), state.type
            case refusal:
                return refused(refusal, policy)
    return Decision(Status.ACCEPT, write=transition.proposed, policy=policy, needs=needs)


def without_slots(decision: Decision, verdict: Verdict) -> Decision:
    """What becomes of an accepted proposal when the slots that it needs are not to be had."""
    if isinstance(verdict, (Pass, Amend)):
        return replace(decision, needs=None)
    return refused(verdict, decision.policy or {})


def refused(verdict: Verdict, policy: Mapping[str, Any]) -> Decision:
    """`policy` holds the changes that earlier rules asked for; they are made if another state is written."""
    match verdict:
        case Keep(reason=reason):
            return Decision(Status.REJECT, reason=reason)
        case Replace(state=state, reason=reason, policy=changes):
            return Decision(Status.REJECT, write=state, reason=reason, policy={**policy, **changes})
        case Wait(seconds=seconds, reason=reason):
            return Decision(Status.WAIT, reason=reason, delay_seconds=seconds)
        case Abort(reason=reason):
            return Decision(Status.ABORT, reason=reason)
    raise TypeError(f"{verdict!r} refuses nothing.")
