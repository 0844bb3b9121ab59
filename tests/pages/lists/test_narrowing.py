"""The links of a row, which are put together once for all rows that have the same."""

from __future__ import annotations

from django.db.models import Q
from django.http import QueryDict
from django.template import Context
from django.utils.safestring import mark_safe

from orchestrator.pages.filters.selection import Selection
from orchestrator.pages.templatetags.filters import narrow


def selection(query: str = "") -> Selection:
    return Selection((), QueryDict(query), "/runs/", {}, Q())


def test_keeps_the_address_of_each_page_apart():
    small, large = (narrow(Context({"filter": selection(query)}), "tag", "eu") for query in ("size=25", "size=100"))

    assert 'href="?size=25&amp;tag=eu"' in small
    assert 'href="?size=100&amp;tag=eu"' in large


def test_escapes_what_was_safe_elsewhere():
    context = Context({"filter": selection()})
    safe = narrow(context, "tag", mark_safe("<b>"))

    assert (safe.count("<b>"), narrow(context, "tag", "<b>").count("<b>")) == (1, 0)
