"""`@task(trigger=all_finished)`: when a submitted task begins, by what became of the runs that it depends on.

Without a trigger, all of them must have completed. A trigger is called once they have ended, with their states, and
says whether the task begins. What it then gets in place of the result of a run that failed is the exception.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from orchestrator.sdk.outcomes.signals import SKIP, SKIPPED, Signal
from orchestrator.sdk.outcomes.states import Completed, Failed, State

Trigger = Callable[[Any], bool]


class UpstreamStates(tuple[State, ...]):
    """The states of the runs that a task depends on, also as `upstream_states.values()`."""

    __slots__ = ()

    def values(self) -> tuple[State, ...]:
        """The states, as if they were kept under names."""
        return tuple(self)


def all_successful(upstream_states: Iterable[State]) -> bool:
    """Every run has completed."""
    states = _listed(upstream_states)
    return _completed(states) == len(states)


def all_failed(upstream_states: Iterable[State]) -> bool:
    """No run has completed."""
    return _completed(_listed(upstream_states)) == 0


def any_successful(upstream_states: Iterable[State]) -> bool:
    """At least one run has completed, or there was none to wait for."""
    states = _listed(upstream_states)
    return not states or _completed(states) > 0


def any_failed(upstream_states: Iterable[State]) -> bool:
    """At least one run has not completed, or there was none to wait for."""
    states = _listed(upstream_states)
    return not states or _completed(states) < len(states)


def all_finished(upstream_states: Iterable[State]) -> bool:
    """Every run has ended, in whatever way."""
    return True


def not_all_skipped(upstream_states: Iterable[State]) -> bool:
    """Every run has completed. When all of them were skipped, this one is skipped, too: it raises signals.SKIP."""
    states = _listed(upstream_states)
    if states and all(_is_skipped(state) for state in states):
        raise SKIP("Skipped, because everything that it depends on was skipped.")
    return all_successful(states)


def some_successful(at_least: float | None = None, at_most: float | None = None) -> Trigger:
    """A trigger: from `at_least` to `at_most` runs have completed, or there was none to wait for. A number below 1 is a
    share of the runs: 0.5 is half of them. None is no bound. Raises ValueError without any, and for what is no number.
    """
    return _between("some_successful", at_least, at_most, _completed)


def some_failed(at_least: float | None = None, at_most: float | None = None) -> Trigger:
    """A trigger: from `at_least` to `at_most` runs have not completed; see `some_successful`."""
    return _between("some_failed", at_least, at_most, lambda states: len(states) - _completed(states))


always_run = all_finished
triggers = sys.modules[__name__]  # the front door asks every module for the name that it offers


def state_instead(
    states: Iterable[State], *, trigger: Trigger | None, skip_on_upstream_skip: bool | None
) -> State | None:
    """None when the task is to begin; else the state in which it ends without having begun.

    Raises what the author's own trigger raises, but for signals, which say the state.
    """
    before = UpstreamStates(states)
    if skip_on_upstream_skip and any(_is_skipped(state) for state in before):
        return Completed(name=SKIPPED, message="Skipped, because something that it depends on was skipped.")
    if trigger is None:
        return None
    try:
        begins = trigger(before)
    except Signal as signal:
        return signal.state
    if begins:
        return None
    name = getattr(trigger, "__name__", type(trigger).__name__)
    told = f"{_completed(before)} of {len(before)} runs that it depends on completed"
    return Failed(name="TriggerFailed", message=f"Not run, because its trigger {name!r} is not met: {told}.")


def _between(name: str, least: Any, most: Any, count: Callable[[tuple[State, ...]], int]) -> Trigger:
    if least is None and most is None:
        raise ValueError(f"{name}() needs at_least or at_most")
    for bound, value in (("at_least", least), ("at_most", most)):
        _check_bound(name, bound, value)

    def trigger(upstream_states: Iterable[State]) -> bool:
        states = _listed(upstream_states)
        if not states:
            return True
        found = count(states)
        return (least is None or found >= _number(least, states)) and (most is None or found <= _number(most, states))

    told = [f"{bound}={value!r}" for bound, value in (("at_least", least), ("at_most", most)) if value is not None]
    trigger.__name__ = f"{name}({', '.join(told)})"
    return trigger


def _check_bound(name: str, bound: str, value: Any) -> None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if value is not None and not (is_number and value >= 0):
        raise ValueError(f"{name}({bound}={value!r}): a number of runs is needed, or a share of them, such as 0.5")


def _number(bound: float, states: tuple[State, ...]) -> float:
    return bound * len(states) if bound < 1 else bound


def _listed(states: Any) -> tuple[State, ...]:
    return tuple(states.values() if isinstance(states, (Mapping, UpstreamStates)) else states)


def _completed(states: tuple[State, ...]) -> int:
    return sum(state.is_completed() for state in states)


def _is_skipped(state: State) -> bool:
    return state.is_completed() and state.name == SKIPPED
