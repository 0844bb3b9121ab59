"""`{% load kit %}`: what the reader may do, where things are, headings that sort, and the one style and script."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orchestrator.pages import addresses, assets, roles
from orchestrator.pages.keyset import PLACES, Page

register = template.Library()

register.simple_tag(addresses.address_of, name="address")


@register.simple_tag(name="assets", takes_context=True)
def style_and_script(context: template.Context, areas: str = "") -> SafeString:
    """The style sheet and the script of a page: `{% assets "run log forms" %}`, areas as in `assets.BUNDLES`.

    The policy of the answer then allows the style (`orchestrator/web/content_policy.py`).
    """
    style = assets.style_of(areas)
    context["request"].allowed_style = style.source
    script = format_html('<script type="module" async src="{}"></script>', assets.address_of_script(areas))
    return SafeString(f"<style>{style.text}</style>\n{script}")


@register.simple_tag(takes_context=True)
def may(context: template.Context, deed: roles.Deed) -> bool:
    """`{% may "operate" as can_operate %}`."""
    return roles.may(context["request"], deed)


@register.simple_tag(takes_context=True)
def sort_header(context: template.Context, page: Page, name: str, word: str, css: str = "") -> SafeString:
    """A column's heading that sorts the list by it: first downwards, then upwards. The query keeps its other parts.

    `css`: the class of the heading, such as `num` above numbers.
    """
    query = context["request"].GET.copy()
    for gone in ("fragment", "after", "export", *PLACES):
        query.pop(gone, None)
    is_down, is_up = page.sort == f"-{name}", page.sort == name
    query["sort"] = name if is_down else f"-{name}"
    order = "descending" if is_down else "ascending" if is_up else "none"
    mark = " ▾" if is_down else " ▴" if is_up else ""
    head = format_html(' class="{}"', css) if css else ""
    return format_html(
        '<th scope="col"{} aria-sort="{}"><a href="?{}">{}{}</a></th>', head, order, query.urlencode(), word, mark
    )
