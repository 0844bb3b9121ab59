"""The states of a list of runs as chips with counts, and which of the counted runs the list shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db.models import Q, QuerySet

from orchestrator.pages.filters.selection import Selection
from orchestrator.pages.looks import look_of
from runs.pages import run_counts
from runs.pages.run_counts import Counts, Group

# Words that stand for names of states, not for types.
_NAMES = {"late": ("Late",), "retrying": ("Retrying", "AwaitingRetry"), "cached": ("Cached",)}


def is_in_state(word: str, state_type: str | None, state_name: str | None) -> bool:
    """Whether a run in this state is one of those that the word of a filter stands for."""
    names = _NAMES.get(word)
    return state_name in names if names else state_type == word.upper()


def word_of(state_type: str | None, state_name: str | None) -> str:
    """What a filter calls this state; empty for a run that has none yet."""
    named = (word for word, names in _NAMES.items() if state_name in names)
    return next(named, (state_type or "").lower())


@dataclass(frozen=True, slots=True)
class Shown:
    """Whether the list shows the runs of a group; with `any_state` whatever states are asked for."""

    wanted: Selection
    with_subflows: bool = True
    any_state: bool = False

    def __call__(self, group: Group) -> bool:
        if group.is_subflow and not self.with_subflows:
            return False
        if self.any_state:
            return True
        asked = self.wanted.values.get("state", ())
        inside = [value.text.lower() for value in asked if not value.excluded]
        outside = [value.text.lower() for value in asked if value.excluded]
        state = (group.state_type, group.state_name)
        return (not inside or any(is_in_state(word, *state) for word in inside)) and not any(
            is_in_state(word, *state) for word in outside
        )


@dataclass(frozen=True, slots=True)
class StateChip:
    word: str
    tone: str
    count: str
    url: str
    is_on: bool


def rare_states(
    rows: QuerySet[Any], wanted: Selection, counts: Counts, states: Mapping[str, Q], shown: Shown
) -> dict[str, QuerySet[Any]]:
    """Where not all rows could be counted: those of the states that are rare among the newest, for `count_each`.

    Nothing where the list is filtered by more than the state: else there is no index to count them by.
    """
    if not counts.is_full or wanted.values.keys() - {"state"}:
        return {}
    few = max(1, counts.most // 10)
    chosen = _chosen(wanted)  # which are counted anyway
    numbers = {word: counts.of(partial(_is_shown_in, word, shown)) for word in states if word not in chosen}
    return {word: rows.filter(states[word]) for word, number in numbers.items() if number < few}


def state_chips(
    wanted: Selection,
    counts: Counts,
    of_shown: Counts,
    states: Mapping[str, Q],
    shown: Shown,
    rare: Mapping[str, int] | None = None,
) -> list[StateChip]:
    """One chip for each state that occurs: it shows only that state, or all again.

    `of_shown` counts the states that are asked for, `counts` all of them, and `rare` has the numbers of `rare_states`.
    """

    def known(which: Callable[[Group], bool]) -> int:
        """At least so many there are."""
        return max(counts.of(which), of_shown.of(which))

    rare = rare or {}
    chosen = _chosen(wanted)
    number_of_all = counts.words(known(shown))
    everything = StateChip("All", "", number_of_all, wanted.url_without("state"), not wanted.values.get("state"))
    chips = [everything]
    for word in states:
        number = known(partial(_is_shown_in, word, shown))
        count = (of_shown if word in chosen else counts).words(number)
        if word in rare:
            number = rare[word]
            count = run_counts.capped_words(number)
        if not number and word not in chosen:
            continue
        is_on = chosen == (word,)
        url = wanted.url_without("state") if is_on else wanted.url_with("state", word, alone=True)
        chips.append(StateChip(word.capitalize(), _tone(word), count, url, is_on))
    return chips


def _chosen(wanted: Selection) -> tuple[str, ...]:
    return tuple(word.lower() for word in wanted.asked("state"))


def _is_shown_in(word: str, shown: Shown, group: Group) -> bool:
    return shown(group) and is_in_state(word, group.state_type, group.state_name)


def _tone(word: str) -> str:
    return word if word in _NAMES else look_of(word.upper(), None).tone
