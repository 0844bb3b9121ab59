"""Filters for lists of large tables: what they offer is known without reading the tables."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar

from django.contrib.admin import FieldListFilter, ModelAdmin, RelatedFieldListFilter
from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date

DAYS = 14
MOST_CHOICES = 50


class DayFilter(FieldListFilter):
    """One of the last days, or any that the address names: `?start_time__day=2026-11-20`."""

    def __init__(
        self,
        field: Field,
        request: HttpRequest,
        params: dict[str, Any],
        model: type[Model],
        model_admin: ModelAdmin,
        field_path: str,
    ) -> None:
        self.parameter = f"{field_path}__day"
        super().__init__(field, request, params, model, model_admin, field_path)
        value = self.used_parameters.get(self.parameter)
        self.chosen = str(value[-1] if isinstance(value, list) else value or "")

    def expected_parameters(self) -> list[str | None]:
        return [self.parameter]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        day = _day(self.chosen)
        if day is None:
            return queryset
        begin = timezone.make_aware(datetime.combine(day, time.min))
        return queryset.filter(
            **{f"{self.field_path}__gte": begin, f"{self.field_path}__lt": begin + timedelta(days=1)}
        )

    def choices(self, changelist: Any) -> Any:
        yield {
            "selected": not self.chosen,
            "query_string": changelist.get_query_string(remove=[self.parameter]),
            "display": "Any day",
        }
        today = timezone.localdate()
        for ago in range(DAYS):
            day = (today - timedelta(days=ago)).isoformat()
            yield {
                "selected": self.chosen == day,
                "query_string": changelist.get_query_string({self.parameter: day}),
                "display": "Today" if ago == 0 else "Yesterday" if ago == 1 else day,
            }


class FewRelated(RelatedFieldListFilter):
    """Not more choices than one can read; what is missing is found by search."""

    most: ClassVar[int] = MOST_CHOICES

    def field_choices(self, field: Any, request: HttpRequest, model_admin: ModelAdmin) -> list[Any]:
        rows = field.remote_field.model._default_manager.order_by("name").values_list("pk", "name")
        return list(rows[: self.most])


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None
