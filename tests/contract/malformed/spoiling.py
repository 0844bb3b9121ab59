"""Puts what does not belong there into a value, and writes it as JSON all the same."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from typing import Any

from hypothesis import strategies as some

from tests.contract.malformed.rows import Known
from tests.contract.malformed.values import ANY, KEYS, Written

_HELD = re.compile(r'"@(\d+)@"')
Draw = Any  # as hypothesis hands it to a composite strategy


def spoiled(draw: Draw, body: Any, known: Known, *, times: int) -> Any:
    """The value with others that exist where one fits, and so many `times` with something that does not."""
    if isinstance(body, bytes):
        return body
    body = _with_known(draw, deepcopy(body), known)
    for _ in range(times):
        places = list(_places(body))
        holder, key = draw(some.sampled_from(places)) if places else (None, None)
        if holder is None:
            return _wrong(draw)
        if isinstance(holder, dict) and draw(some.integers(0, 9)) == 0:
            holder[draw(some.sampled_from(KEYS))] = _wrong(draw)
        elif isinstance(holder, list) and draw(some.integers(0, 4)) == 0:
            holder.extend([deepcopy(holder[key])] * 3)
        else:
            holder[key] = _wrong(draw)
    return body


def _wrong(draw: Draw) -> Any:
    """A copy, because the next thing that goes wrong may go wrong inside it."""
    return deepcopy(draw(some.sampled_from(ANY)))


def _with_known(draw: Draw, value: Any, known: Known) -> Any:
    if isinstance(value, dict):
        for key, inner in value.items():
            fits = known.get(key) if inner is not None else None
            fits = fits and [one for one in fits if isinstance(one, type(inner))]
            if fits and draw(some.integers(0, 3)):
                value[key] = deepcopy(draw(some.sampled_from(fits)))
            else:
                value[key] = _with_known(draw, inner, known)
    if isinstance(value, list):
        return [_with_known(draw, inner, known) for inner in value]
    return value


def _places(value: Any) -> Any:
    """Every place that holds a value, as what it is in and the key of it there."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield value, key
            yield from _places(inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield value, number
            yield from _places(inner)


def written(value: Any) -> bytes:
    """JSON, also of what has none: it is held by a place until the text is there."""
    if isinstance(value, bytes):
        return value
    held: list[str] = []
    text = json.dumps(_holding(value, held), default=str)
    return _HELD.sub(lambda found: held[int(found[1])], text).encode()


def _holding(value: Any, held: list[str]) -> Any:
    if isinstance(value, Written) or (isinstance(value, int) and abs(value) > 2**63):
        held.append(str(value) if isinstance(value, Written) else f"{value:d}")
        return f"@{len(held) - 1}@"
    if isinstance(value, dict):
        return {key: _holding(inner, held) for key, inner in value.items()}
    if isinstance(value, list):
        return [_holding(inner, held) for inner in value]
    return value
