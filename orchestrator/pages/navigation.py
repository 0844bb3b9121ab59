"""What the navigation offers, the numbers beside it that call for somebody, and what readers pinned below it.

Rooms give their numbers by `register_badge` and their links by `register_links` when the server starts. What such a
function finds is kept for some seconds in each process, so that a page costs what it costs, whoever else is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import get_script_prefix
from django.utils.safestring import SafeString

from orchestrator.pages.addresses import address_of
from orchestrator.web.kept import Kept

KEPT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Item:
    """`key` is its place in the keyboard's `g` commands, too; `kind` a kind of address, or a path with a slash.

    `thumb` is its word in the bar at the foot of a phone, which has few entries.
    """

    name: str
    word: str
    kind: str
    key: str = ""
    sections: tuple[str, ...] = ()  # first words of the addresses of its pages
    thumb: str = ""


@dataclass(frozen=True, slots=True)
class Badge:
    """A number with its sentence. `is_problem`: somebody should look; else it is only worth knowing."""

    words: str
    sentence: str
    is_problem: bool = True


@dataclass(frozen=True, slots=True)
class Link:
    word: str
    url: str


@dataclass(frozen=True, slots=True)
class Entry:
    """`links` stand below it: what its reader pinned."""

    item: Item
    url: str
    is_current: bool
    badge: Badge | None
    links: tuple[Link, ...]


Groups = tuple[tuple[str, tuple[Entry, ...]], ...]

GROUPS = (
    (
        "Operate",
        (
            Item("overview", "Overview", "overview", "o", thumb="Overview"),
            Item("runs", "Runs", "runs", "r", ("runs", "flow-runs", "task-runs", "views"), thumb="Runs"),
            Item("flows", "Flows", "flows", "f", ("flows",)),
            Item("deployments", "Deployments", "deployments", "d", ("deployments",)),
            Item("calendar", "Calendar", "calendar", "c", ("calendar",)),
        ),
    ),
    (
        "React",
        (
            Item("work-pools", "Work pools", "work-pools", "w", ("work-pools", "work-queues"), thumb="Pools"),
            Item("errors", "Errors", "errors", "x", ("errors",)),
            Item("events", "Events", "events", "e", ("events",)),
        ),
    ),
    (
        "Data",
        (
            Item("artifacts", "Artifacts", "artifacts", "a", ("artifacts",)),
            Item("assets", "Assets", "assets", "", ("assets",)),
            Item("variables", "Variables", "variables", "v", ("variables",)),
            Item("blocks", "Blocks", "blocks", "b", ("blocks",)),
            Item("limits", "Limits", "concurrency-limits", "l", ("concurrency-limits",)),
        ),
    ),
    (
        "Administer",
        (
            Item("services", "Services", "services", "", ("services",)),
            Item("status", "Status", "status", "", ("status",)),
            Item("settings", "Settings", "settings", "s", ("settings",)),
            Item("admin", "Admin", "/admin/"),
            Item("docs", "API docs", "/docs"),
        ),
    ),
)
ITEMS = tuple(item for _, items in GROUPS for item in items)

_badges: dict[str, Callable[[], Badge | None]] = {}
_kept: Kept[Badge | None] = Kept(KEPT_SECONDS)
_links: dict[str, Callable[[int | None], Sequence[Link]]] = {}
_kept_links: Kept[Sequence[Link]] = Kept(KEPT_SECONDS)
_changes = count(1)
_last_change = 0  # of what is pinned


def register_badge(name: str, find: Callable[[], Badge | None]) -> None:
    """`find` is asked at most every few seconds: one bounded query. None: nothing to say."""
    _badges[name] = find


def register_links(name: str, find: Callable[[int | None], Sequence[Link]]) -> None:
    """`find` is told who reads, None for somebody without an account: one bounded query."""
    _links[name] = find


def forget_links(**signal: Any) -> None:
    """Somebody pinned something, or no longer: it shows on the next page. Other processes are not told; where there are
    several, nothing is kept."""
    global _last_change
    _last_change = next(_changes)


def drawn(request: HttpRequest, template: str) -> SafeString:
    """What a template makes of the groups, and of whether the reader `is_known`."""
    return _drawn(template, entries(request), is_known(request))


def entries(request: HttpRequest) -> Groups:
    """The groups with their entries, each with its address and what is to be said beside it."""
    counts = is_known(request)
    section = request.path_info.strip("/").removeprefix("v2/").partition("/")[0]
    return tuple(
        (
            word,
            tuple(
                Entry(
                    item=item,
                    url=address_of_item(item),
                    is_current=_is_current(item, section),
                    badge=_badge_of(item.name) if counts else None,
                    links=tuple(_links_of(item.name, request)) if counts else (),
                )
                for item in items
            ),
        )
        for word, items in GROUPS
    )


def address_of_item(item: Item) -> str:
    if item.kind.startswith("/"):
        return get_script_prefix() + item.kind.removeprefix("/")
    return address_of(item.kind)


def is_known(request: HttpRequest) -> bool:
    """Strangers, on the page where one signs in, are told nothing of what goes on."""
    return settings.API_AUTH == "open" or (hasattr(request, "user") and request.user.is_authenticated)


@lru_cache(maxsize=200)  # most pages have the same
def _drawn(template: str, groups: Groups, known: bool) -> SafeString:
    return render_to_string(template, {"groups": groups, "known": known})


def _is_current(item: Item, section: str) -> bool:
    return section in item.sections if section else item.name == "overview"


def _badge_of(name: str) -> Badge | None:
    find = _badges.get(name)
    return None if find is None else _kept.get(name, lambda: _counted(find))


def _links_of(name: str, request: HttpRequest) -> Sequence[Link]:
    find = _links.get(name)
    if find is None:
        return ()
    reader: int | None = request.user.pk if request.user.is_authenticated else None
    if settings.WEB_PROCESSES > 1:
        return _found(find, reader)
    return _kept_links.get((name, reader, _last_change), lambda: _found(find, reader))


def _found(find: Callable[[int | None], Sequence[Link]], reader: int | None) -> Sequence[Link]:
    try:
        return find(reader)
    except DatabaseError:
        return ()


def _counted(find: Callable[[], Badge | None]) -> Badge | None:
    try:
        return find()
    except DatabaseError:  # a page that tells of trouble must not fail for want of a number
        return None
