"""The name that somebody may have meant."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The one that is most like it; None when none is. `cutoff` is how like it must be, from 0 to 1."""
    from difflib import get_close_matches

    near = get_close_matches(name, sorted(set(known)), n=1, cutoff=cutoff)
    return near[0] if near else None


def instead_of(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """The end of a sentence that says that there is no such name: the nearest one, or all that there are."""
    there = sorted(set(known))
    near = nearest(name, there, cutoff=cutoff)
    return f"; did you mean {near!r}?" if near else f"; there are {', '.join(there)}"
