"""The three views that every entity's list has: filter, count and numbered pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from pydantic import create_model
from rest_framework.request import Request

from orchestrator.rest.asked_rows import AskedRows
from orchestrator.rest.counts import count_rows
from orchestrator.rest.filters import for_list
from orchestrator.rest.paging import paged, sliced
from orchestrator.rest.search import Entity, count_body, narrow_sorted, page_body, search_body
from orchestrator.rest.views import ApiView, Shape, answers, takes

Answer = Callable[[Any], list[Any]]  # of a QuerySet, or of AskedRows
Count = Callable[[Entity, Any], int]


def list_of(shape: Any) -> Any:
    return list[shape]


@cache
def page_shape(title: str, shape: Any) -> type[Shape]:
    """One numbered page of things of this shape, and how many there are."""
    numbers = dict.fromkeys(("count", "limit", "pages", "page"), (int, ...))
    fields: dict[str, Any] = {"results": (list_of(shape), ...), **numbers}
    return create_model(f"{title}PaginationResponse", __base__=Shape, **fields)


class ListView(ApiView):
    """Made by `filter_view` and its sisters with the entity, how its rows are answered, and how an answer looks."""

    entity: Entity
    answer: Answer
    shape: Any
    by_columns = False  # whether `answer` reads its rows with `read_rows`, for which no QuerySet need be made

    def sorted_rows(self, body: Any) -> Any:
        asked = _for_list(self.entity, body)
        return AskedRows(self.entity, asked, narrow_sorted) if self.by_columns else narrow_sorted(self.entity, asked)


class _FilterView(ListView):
    @takes(lambda view: search_body(view.entity))
    @answers(lambda view: list_of(view.shape))
    def post(self, request: Request, body: Any) -> list[Any]:
        return self.answer(sliced(self.sorted_rows(body), limit=body.limit, offset=body.offset))


class _CountView(ListView):
    count: Count

    @takes(lambda view: count_body(view.entity))
    @answers(int)
    def post(self, request: Request, body: Any) -> int:
        return self.count(self.entity, body)


class _PageView(ListView):
    count: Count

    @takes(lambda view: page_body(view.entity))
    @answers(lambda view: page_shape(view.entity.title, view.shape))
    def post(self, request: Request, body: Any) -> dict[str, Any]:
        rows, count = self.sorted_rows(body), self.count(self.entity, body)
        return paged(rows, limit=body.limit, page=body.page, count=count, answer=self.answer)


def _for_list(entity: Entity, body: Any) -> Any:
    """A body whose filter of the entity itself is as a list asks it."""
    filled = getattr(body, entity.key, None)
    asked = for_list(filled)
    return body if asked is filled else body.model_copy(update={entity.key: asked})


def filter_view(entity: Entity, answer: Answer, shape: Any, *, by_columns: bool = False) -> Any:
    return _view(_FilterView, entity, answer, shape, by_columns=by_columns)


def count_view(entity: Entity, count: Count = count_rows) -> Any:
    """`count` answers a body, for entities that know more of themselves."""
    return _view(_CountView, entity, list, Any, count=staticmethod(count))


def page_view(
    entity: Entity, answer: Answer, shape: Any, *, by_columns: bool = False, count: Count = count_rows
) -> Any:
    """`count` as in `count_view`."""
    return _view(_PageView, entity, answer, shape, by_columns=by_columns, count=staticmethod(count))


def _view(base: type[ListView], entity: Entity, answer: Answer, shape: Any, **more: Any) -> Any:
    name = f"{entity.title}{base.__name__.strip('_')}"
    made: Any = type(name, (base,), {"entity": entity, "answer": staticmethod(answer), "shape": shape, **more})
    return made.as_view()
