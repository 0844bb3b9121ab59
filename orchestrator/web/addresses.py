"""Which view answers an address, looked up once for each form of address.

Django tries one pattern after the other, which takes as long as much of what a small request does. What is found
depends on nothing but the address, and addresses differ mostly in the one UUID that they name.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.urls import ResolverMatch, URLResolver, get_resolver

MOST_FORMS = 500  # that are remembered; names may stand in addresses, too
LONGEST = 200  # characters of an address that is remembered

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_ANY = "0" * 8 + "-0000-0000-0000-" + "0" * 12
_ANY_AS_VALUE = UUID(_ANY)


def resolved(path: str) -> ResolverMatch:
    """What Django's own resolver finds. Raises Resolver404."""
    resolver = get_resolver()
    if len(path) > LONGEST:
        return resolver.resolve(path)
    found = _UUID.findall(path)
    if len(found) != 1:
        return _remembered(resolver, path)
    match = _remembered(resolver, path.replace(found[0], _ANY))
    named = {name: filled for name, value in match.kwargs.items() if (filled := _filled(value, found[0])) is not None}
    if len(named) != 1:  # it stands beside the zeros of another form
        return resolver.resolve(path)
    return _with(match, named)


@lru_cache(MOST_FORMS)
def _remembered(resolver: URLResolver, path: str) -> ResolverMatch:
    return resolver.resolve(path)


def _filled(value: Any, found: str) -> UUID | str | None:
    """A part of the address with the identifier that was found, be it one itself or a name that has one in it.

    None when the identifier does not stand there.
    """
    if value == _ANY_AS_VALUE:
        return UUID(found)
    return value.replace(_ANY, found) if isinstance(value, str) and _ANY in value else None


def _with(match: ResolverMatch, named: dict[str, UUID | str]) -> ResolverMatch:
    """The same match with another value."""
    made = ResolverMatch.__new__(ResolverMatch)
    vars(made).update(
        vars(match),
        kwargs={**match.kwargs, **named},
        captured_kwargs={**match.captured_kwargs, **named},
    )
    return made
