"""Saved views that are pinned stand in the navigation, too, below the list that they are of."""

from __future__ import annotations

from django.db.models.signals import post_delete, post_save

from orchestrator.pages.addresses import address_of
from orchestrator.pages.models import SavedView
from orchestrator.pages.navigation import Link, forget_links, register_links

MOST_PINS = 6
_READ = 60  # of which their own are shown first
_LISTS = ("runs", "task-runs")


def pinned_views(reader: int | None) -> list[Link]:
    """Their own before those that others share. One query."""
    found = SavedView.objects.seen_by(reader).filter(is_pinned=True, list_kind__in=_LISTS).order_by("name", "pk")
    own_first = sorted(found[:_READ], key=lambda view: view.owner_id != reader)
    return [Link(view.name, f"{address_of(view.list_kind)}?{view.address}") for view in own_first[:MOST_PINS]]


def register() -> None:
    register_links("runs", pinned_views)
    post_save.connect(forget_links, sender=SavedView, dispatch_uid="forget_pinned_views")
    post_delete.connect(forget_links, sender=SavedView, dispatch_uid="forget_pinned_views")
