"""The columns of a list: which lead somewhere, and which a large table can be sorted by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.admin import ModelAdmin, display
from django.contrib.admin.utils import quote
from django.core.exceptions import FieldDoesNotExist
from django.db.models import BooleanField, Field, ForeignKey, Model, UniqueConstraint
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

Column = str | Callable[[Any], Any]


def linked(model_admin: ModelAdmin, request: HttpRequest, name: Any) -> Column:
    """A column that names a row of another list leads to it, if this person may see that list."""
    field = _field(model_admin.model, name)
    if not isinstance(field, ForeignKey):
        return name
    other = model_admin.admin_site._registry.get(field.remote_field.model)
    if other is None or not other.has_view_permission(request):
        return name
    address = f"admin:{other.opts.app_label}_{other.opts.model_name}_change"

    @display(description=field.verbose_name, ordering=name)
    def show(row: Model) -> SafeString | None:
        found = getattr(row, name)
        return found and format_html('<a href="{}">{}</a>', reverse(address, args=[quote(found.pk)]), found)

    show.__name__ = name  # which the style sheets call it by
    return show


def page_link(address_of: Callable[[Any], str | None]) -> Column:
    """A column that leads to the page of each row."""

    @display(description="page")
    def page(row: Model) -> SafeString:
        return format_html('<a href="{}">Open</a>', address_of(row))

    return page


def sorts_quickly(model: type[Model], name: str) -> bool:
    """Whether an index puts the rows into this order. Where few values repeat, none does."""
    field = _field(model, name)
    if field is None or field.is_relation or field.choices or isinstance(field, BooleanField):
        return False
    if field.primary_key or field.unique or getattr(field, "db_index", False):
        return True
    firsts = [index.fields_orders[0][0] for index in model._meta.indexes if index.fields and index.condition is None]
    unique = [one for one in model._meta.constraints if isinstance(one, UniqueConstraint) and one.condition is None]
    return name in [*firsts, *[one.fields[0] for one in unique if one.fields]]


def _field(model: type[Model], name: Any) -> Field | None:
    try:
        found = model._meta.get_field(name) if isinstance(name, str) else None
    except FieldDoesNotExist:
        return None
    return found if isinstance(found, Field) else None
