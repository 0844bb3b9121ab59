"""Views of lists that people saved: found for a page, counted, made and changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, QueryDict
from django.utils import timezone

from orchestrator.pages.filters.selection import canonical
from orchestrator.pages.filters.terms import Term
from orchestrator.pages.models import SavedView
from orchestrator.statements.reading import PreparedQuery

COUNT_SECONDS = 15  # for which a counter is taken as it is
MOST_COUNTED = 1_000
MOST_CHIPS = 12
MOST_NAME = 80  # characters
MOST_QUERY = 4_000
# What an address says of a place in the list, or of the view itself.
_NOT_SAVED = ("older", "newer", "fragment", "after", "export", "view")

Rows = Callable[[QueryDict, datetime], QuerySet[Any]]


class NameTaken(Exception):
    """There is a view of this name for the list already."""


@dataclass(frozen=True, slots=True)
class ViewChip:
    """`count` is empty while nobody counted."""

    view: SavedView
    count: str
    is_on: bool


def reader_of(request: HttpRequest) -> int | None:
    """Whose views are meant; None on a server where nobody signed in."""
    user: Any = request.user
    return user.pk if user.is_authenticated else None


def list_of_views(request: HttpRequest, kind: str, count: Rows | None = None) -> list[ViewChip]:
    """The pinned views of a list. With `count`, those whose counter is old are counted anew."""
    views = [view for view in _views_of(request, kind) if view.is_pinned][:MOST_CHIPS]
    known = cache.get_many([_key(view) for view in views])
    return [
        ViewChip(view, known.get(_key(view)) or (_count(view, count) if count else ""), _is_shown(request, view))
        for view in views
    ]


def default_view(request: HttpRequest, kind: str) -> SavedView | None:
    """The view that the reader's list opens with."""
    reader = reader_of(request)
    views = _views_of(request, kind)
    return next((view for view in views if view.is_default and view.owner_id == reader), None)


def address_meant(request: HttpRequest, kind: str, terms: Sequence[Term]) -> str | None:
    """Where this address leads: to its plain form, or to the reader's own view where nothing is asked for."""
    plain = canonical(request.GET, terms)
    if plain is not None:
        return f"{request.path}?{plain.urlencode(safe='!*:,/')}" if plain else request.path
    view = None if request.GET else default_view(request, kind)
    return f"{request.path}?{view.address}" if view else None


def _views_of(request: HttpRequest, kind: str) -> list[SavedView]:
    """Those that a list needs, asked for once in a request."""
    kept = f"_views_of_{kind}"
    if not hasattr(request, kept):
        reader = reader_of(request)
        found = _of_nobody.all(kind=kind) if reader is None else _of_reader.all(kind=kind, reader=reader)
        setattr(request, kept, found)
    views: list[SavedView] = getattr(request, kept)
    return views


def _needed(kind: str, reader: int | None = None) -> QuerySet[SavedView]:
    return SavedView.objects.seen_by(reader).filter(Q(is_pinned=True) | Q(is_default=True), list_kind=kind)


_of_nobody = PreparedQuery(_needed, texts=["kind"])
_of_reader = PreparedQuery(_needed, texts=["kind"], numbers=["reader"])


def _is_shown(request: HttpRequest, view: SavedView) -> bool:
    """Whether the list shows the view as it was saved, and not what a reader made of it since."""
    query = query_to_save(request.META.get("QUERY_STRING", ""))
    return request.GET.get("view") == str(view.pk) and QueryDict(query) == QueryDict(view.query)


def save_view(*, owner_id: int | None, kind: str, name: str, query: str, is_shared: bool = False) -> SavedView:
    """Under a new name, or in place of the owner's view of that name."""
    view, _ = SavedView.objects.update_or_create(
        owner_id=owner_id, list_kind=kind, name=name, defaults={"query": query, "is_shared": is_shared}
    )
    return view


def rename_view(view: SavedView, name: str) -> None:
    """Raises NameTaken."""
    view.name = name
    try:
        with transaction.atomic():
            view.save(update_fields=["name", "updated"])
    except IntegrityError:
        raise NameTaken(name) from None


def open_with(view: SavedView, *, by_default: bool) -> None:
    """Make it the view that the list opens with, instead of any other, or no longer."""
    with transaction.atomic():
        SavedView.objects.filter(owner=view.owner_id, list_kind=view.list_kind, is_default=True).update(
            is_default=False
        )
        if by_default:
            SavedView.objects.filter(pk=view.pk).update(is_default=True)


def query_to_save(text: str) -> str:
    """An address's query without the place in the list."""
    query = QueryDict(text[:MOST_QUERY], mutable=True)
    for gone in _NOT_SAVED:
        query.pop(gone, None)
    return query.urlencode(safe="!*:,/")


def _count(view: SavedView, rows: Rows) -> str:
    number = rows(QueryDict(view.query), timezone.now())[: MOST_COUNTED + 1].count()
    words = f"{MOST_COUNTED:,}+" if number > MOST_COUNTED else str(number)
    cache.set(_key(view), words, COUNT_SECONDS)
    return words


def _key(view: SavedView) -> str:
    return f"saved-view-{view.pk}-{view.updated.timestamp()}"
