"""The three views that every entity's list has: filter, count and numbered pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from django.db.models import QuerySet
from pydantic import create_model
from rest_framework.request import Request

from orchestrator.rest.paging import paged, sliced
from orchestrator.rest.search import Entity, count_body, narrow, narrow_sorted, page_body, search_body
from orchestrator.rest.views import ApiView, Shape, answers, takes

Answer = Callable[[QuerySet], list[Any]]


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


class _FilterView(ListView):
    @takes(lambda view: search_body(view.entity))
    @answers(lambda view: list_of(view.shape))
    def post(self, request: Request, body: Any) -> list[Any]:
        return self.answer(sliced(narrow_sorted(self.entity, body), limit=body.limit, offset=body.offset))


class _CountView(ListView):
    @takes(lambda view: count_body(view.entity))
    @answers(int)
    def post(self, request: Request, body: Any) -> int:
        return narrow(self.entity, body).count()


class _PageView(ListView):
    @takes(lambda view: page_body(view.entity))
    @answers(lambda view: page_shape(view.entity.title, view.shape))
    def post(self, request: Request, body: Any) -> dict[str, Any]:
        rows = narrow_sorted(self.entity, body)
        return paged(rows, limit=body.limit, page=body.page, count=rows.count(), answer=self.answer)


def filter_view(entity: Entity, answer: Answer, shape: Any) -> Any:
    return _view(_FilterView, entity, answer, shape)


def count_view(entity: Entity) -> Any:
    return _view(_CountView, entity, list, Any)


def page_view(entity: Entity, answer: Answer, shape: Any) -> Any:
    return _view(_PageView, entity, answer, shape)


def _view(base: type[ListView], entity: Entity, answer: Answer, shape: Any) -> Any:
    name = f"{entity.title}{base.__name__.strip('_')}"
    made: Any = type(name, (base,), {"entity": entity, "answer": staticmethod(answer), "shape": shape})
    return made.as_view()
