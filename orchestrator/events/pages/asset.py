"""`/assets/<key>`: one asset, how it came to be and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from orchestrator.events.asset_recording import FAILED, MADE
from orchestrator.events.models import Asset, Event
from orchestrator.events.pages.asset_list import producers_of
from orchestrator.events.pages.asset_words import condition_of, usual_words
from orchestrator.events.pages.lineage import lineage_of
from orchestrator.events.pages.rows import Thing, things_of
from orchestrator.pages.actions import action, confirm, done
from orchestrator.pages.addresses import address_of
from orchestrator.pages.markdown import render_markdown
from orchestrator.pages.page import no_such, page, render_page

MAKINGS = 25  # that the page lists
PRODUCERS = ("flow-run", "task-run")


@dataclass(frozen=True, slots=True)
class Making:
    """One time that a task made it, or failed to."""

    event: Event
    is_made: bool
    producers: tuple[Thing, ...]


@require_safe
@page
def asset(request: HttpRequest, key: str) -> HttpResponseBase:
    found = Asset.objects.filter(key=key).first() or Asset.objects.filter(key=key.rstrip("/")).first()
    if found is None:
        return no_such(request, "asset", key[:200])
    now = timezone.now()
    context = {
        "section": "assets",
        "asset": found,
        "condition": condition_of(found, now),
        "usual": usual_words(found),
        "makings": _makings(found),
        "lineage": lineage_of(found, now),
        "producers": producers_of(found),
        "description": render_markdown(found.description) if found.description else None,
        "is_linked": found.url.startswith(("https://", "http://")),
    }
    return render_page(request, "assets/asset.html", context, fragments={"asset": "assets/content.html"})


@action
def forget(request: HttpRequest) -> HttpResponseBase:
    """The asset itself is elsewhere and stays; the next event that tells of it brings its page back."""
    found = Asset.objects.filter(key=request.POST.get("key", "")).first()
    if found is None:
        return no_such(request, "asset", request.POST.get("key", "")[:200])
    question = confirm(
        request,
        title=f"Forget {found}",
        sentence="This server forgets the asset and what it was made from. The asset itself is not touched, and the "
        "next event that tells of it brings it back.",
        button="Forget",
        back=address_of("asset", found.key),
        rows=[("Made from", found.sources.count()), ("Used for", found.products.count())],
    )
    if question is not None:
        return question
    found.delete()
    return done(request, f"{found} is forgotten.", address_of("assets"))


def _makings(asset: Asset) -> list[Making]:
    rows = Event.objects.filter(resource_id=asset.key, event__in=(MADE, FAILED)).newest_first()[:MAKINGS]
    return [
        Making(
            event=event,
            is_made=event.event == MADE,
            producers=tuple(thing for thing in things_of(event) if thing.role in PRODUCERS),
        )
        for event in rows
    ]
