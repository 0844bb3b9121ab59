"""HTML that is put together of pieces."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy

from orchestrator.pages.pieces import piece, pieces


@pytest.mark.parametrize(
    "value",
    [
        "a < b & \"c\" 'd' > e",
        mark_safe("<b>x</b>"),
        7,
        0.5,
        None,
        UUID(int=1),
        gettext_lazy("<i>"),
    ],
)
def test_escapes_as_django_does(value):
    assert piece('<p title="{}">{}</p>', value, "x") == format_html('<p title="{}">{}</p>', value, "x")


def test_is_safe_itself():
    inner = piece("<i>{}</i>", "<")

    assert piece("<b>{}</b>", inner) == "<b><i>&lt;</i></b>"


def test_puts_rows_one_after_the_other():
    assert pieces("<li>{}{}</li>", [("a", "<"), ("b", "&")]) == "<li>a&lt;</li><li>b&amp;</li>"
    assert pieces("<li>{}</li>", []) == ""
