"""The orders in which a list can be asked for, by the contract's names."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from django.db.models import F, OrderBy, QuerySet
from django.db.models.functions import Coalesce

Order = tuple[Any, ...]


def sort_enum(name: str, orders: Mapping[str, Order]) -> Any:
    """The enumeration of an entity's orders, as its request bodies take it."""
    return StrEnum(name, {key: key for key in orders})


def last(column: str, *, descending: bool = False) -> OrderBy:
    """By a column in which a missing value comes last."""
    expression = F(column)
    return expression.desc(nulls_last=True) if descending else expression.asc(nulls_last=True)


def began(*, descending: bool) -> OrderBy:
    """By the start of a run, or by the expected start of one that has not started."""
    moment = Coalesce("start_time", "expected_start_time")
    return moment.desc() if descending else moment.asc()


def ordered(rows: QuerySet, orders: Mapping[str, Order], key: str) -> QuerySet:
    return rows.order_by(*orders[key])
