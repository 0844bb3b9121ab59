"""`{% load folding %}`: links that change one thing about the timeline and keep the rest of the address."""

from __future__ import annotations

from django import template

from orchestrator.pages.addresses import address_of
from runs.pages.timeline.options import toggled

register = template.Library()


@register.simple_tag(takes_context=True)
def fold_link(context: template.Context, fold: tuple[str, str]) -> str:
    """The page with a group or a subflow unfolded, or folded where it is unfolded."""
    return toggled(context["request"].GET, *fold) or context["request"].path


@register.simple_tag(takes_context=True)
def without_task(context: template.Context) -> str:
    query = context["request"].GET.copy()
    for gone in ("task", "fragment", "after", "at"):
        query.pop(gone, None)
    return f"?{query.urlencode()}" if query else context["request"].path


@register.simple_tag
def artifact_link(artifact_id: str) -> str:
    return address_of("artifact", artifact_id)
