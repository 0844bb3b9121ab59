"""Lists of an entity, narrowed by filters on it and on the entities around it.

An app registers each entity with `add_entity`, and how two entities hang together with `link`. Request bodies are
made on first use, when every app has registered: the runs do not know of deployments, and can be searched by them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from django.db.models import Model, Q, QuerySet
from pydantic import Field, create_model

from orchestrator.rest.bodies import Body, Envelope
from orchestrator.rest.filters import Filter, condition
from orchestrator.rest.paging import Limit, Offset, Page
from orchestrator.rest.sorting import Order, sort_enum

# The keys under which filters come, in every search body.
QUEUES = "work_pool_queues"
KEYS = ("flows", "flow_runs", "task_runs", "deployments", "work_pools", QUEUES)


@dataclass(frozen=True, slots=True, eq=False)
class Entity:
    key: str
    title: str  # names its bodies, such as `FlowRun` in `FlowRunSearch`
    model: type[Model]
    filter: type[Filter]
    orders: Mapping[str, Order]
    default_order: str
    alongside: tuple[str, ...]  # the entities by which it can be narrowed

    def rows(self, filled: Filter | None) -> QuerySet:
        return self.model._default_manager.filter(condition(filled))


_entities: dict[str, Entity] = {}
_links: dict[tuple[str, str], Callable[[QuerySet], Q]] = {}


def add_entity(
    key: str,
    title: str,
    *,
    model: type[Model],
    filter: type[Filter],
    orders: Mapping[str, Order],
    default_order: str,
    alongside: tuple[str, ...] = KEYS,
) -> Entity:
    entity = _entities[key] = Entity(key, title, model, filter, orders, default_order, alongside)
    return entity


def link(entity: str, other: str, compile: Callable[[QuerySet], Q]) -> None:
    """Say which rows of `entity` belong to given rows of `other`."""
    _links[entity, other] = compile


def narrow(entity: Entity, body: Any) -> QuerySet:
    """The entity's rows that fit every filter of a search body."""
    rows = entity.rows(getattr(body, entity.key, None))
    for (key, other), compile in _links.items():
        filled = getattr(body, other, None) if key == entity.key else None
        if filled is not None:
            rows = rows.filter(compile(_entities[other].rows(filled)))
    return rows


def narrow_sorted(entity: Entity, body: Any) -> QuerySet:
    return narrow(entity, body).order_by(*entity.orders[getattr(body, "sort", entity.default_order)])


@cache
def search_body(entity: Entity) -> type[Body]:
    return _body(entity, "Search", **_sort(entity), limit=(Limit, None), offset=(Offset, 0))


@cache
def count_body(entity: Entity) -> type[Body]:
    return _body(entity, "Count")


@cache
def page_body(entity: Entity) -> type[Body]:
    return _body(entity, "Page", **_sort(entity), limit=(Limit, None), page=(Page, 1))


@cache
def body_with(
    entity: Entity,
    kind: str,
    fields: tuple[tuple[str, Any, Any], ...],
    *,
    alongside: tuple[str, ...] | None = None,
    queues_key: str = QUEUES,
) -> type[Body]:
    """A body with filters and `fields`, each (name, type, default).

    `alongside` are the other entities with a filter, by default those of the entity's lists; `queues_key` names the
    filter of queues.
    """
    asked = entity if alongside is None else replace(entity, alongside=alongside)
    return _body(asked, kind, queues_key, **{name: (type_, default) for name, type_, default in fields})


def _sort(entity: Entity) -> dict[str, Any]:
    """Lists with only one order are not asked for it."""
    if len(entity.orders) == 1:
        return {}
    return {"sort": (sort_enum(f"{entity.title}Sort", entity.orders), entity.default_order)}


def _body(entity: Entity, kind: str, queues_key: str = QUEUES, /, **fields: Any) -> type[Body]:
    filters: dict[str, Any] = {}
    for key in (entity.key, *entity.alongside):
        if key == entity.key or key in _entities:
            filter = entity.filter if key == entity.key else _entities[key].filter
            name = queues_key if key != entity.key else "work_queues"
            filters[key] = (filter, Field(default=None, alias=name if key == QUEUES else key))
    return create_model(f"{entity.title}{kind}", __base__=Envelope, **{**filters, **fields})
