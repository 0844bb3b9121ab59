"""Filters for lists of large tables: what they offer is known without reading the tables."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.admin import ModelAdmin, RelatedFieldListFilter
from django.http import HttpRequest

MOST_CHOICES = 50


class FewRelated(RelatedFieldListFilter):
    """Not more choices than one can read; what is missing is found by search."""

    most: ClassVar[int] = MOST_CHOICES

    def field_choices(self, field: Any, request: HttpRequest, model_admin: ModelAdmin) -> list[Any]:
        rows = field.remote_field.model._default_manager.order_by("name").values_list("pk", "name")
        return list(rows[: self.most])
