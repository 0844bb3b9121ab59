"""The three views that every entity's list has: filter, count and numbered pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request

from orchestrator.rest.paging import paged, sliced
from orchestrator.rest.search import Entity, count_body, narrow, narrow_sorted, page_body, search_body
from orchestrator.rest.views import ApiView, takes

Answer = Callable[[QuerySet], list[Any]]


class ListView(ApiView):
    """Made by `filter_view` and its sisters with the entity and how its rows are answered."""

    entity: Entity
    answer: Answer


class _FilterView(ListView):
    @takes(lambda view: search_body(view.entity))
    def post(self, request: Request, body: Any) -> list[Any]:
        return self.answer(sliced(narrow_sorted(self.entity, body), limit=body.limit, offset=body.offset))


class _CountView(ListView):
    @takes(lambda view: count_body(view.entity))
    def post(self, request: Request, body: Any) -> int:
        return narrow(self.entity, body).count()


class _PageView(ListView):
    @takes(lambda view: page_body(view.entity))
    def post(self, request: Request, body: Any) -> dict[str, Any]:
        rows = narrow_sorted(self.entity, body)
        return paged(rows, limit=body.limit, page=body.page, count=rows.count(), answer=self.answer)


def filter_view(entity: Entity, answer: Answer) -> Any:
    return _view(_FilterView, entity, answer)


def count_view(entity: Entity) -> Any:
    return _view(_CountView, entity, list)


def page_view(entity: Entity, answer: Answer) -> Any:
    return _view(_PageView, entity, answer)


def _view(base: type[ListView], entity: Entity, answer: Answer) -> Any:
    name = f"{entity.title}{base.__name__.strip('_')}"
    made: Any = type(name, (base,), {"entity": entity, "answer": staticmethod(answer)})
    return made.as_view()
