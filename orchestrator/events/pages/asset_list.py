"""`/assets/`: what tasks make and keep elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from orchestrator.events.models import Asset, AssetSource
from orchestrator.events.pages.asset_words import Condition, condition_of
from orchestrator.events.pages.rows import Thing, thing_of
from orchestrator.pages.addresses import address_of
from orchestrator.pages.export import export_as
from orchestrator.pages.keyset import Order, read_page
from orchestrator.pages.page import page, render_page

ORDERS = (Order("mentioned", "mentioned_at", "Last told of"), Order("key", "key", "Asset"))
USUAL = "-mentioned"
STATES = {
    "made": Q(made_at__isnull=False) & (Q(failed_at__isnull=True) | Q(failed_at__lte=F("made_at"))),
    "failed": Q(failed_at__gt=F("made_at")) | Q(failed_at__isnull=False, made_at__isnull=True),
    "source": Q(made_at__isnull=True, failed_at__isnull=True),
}
COLUMNS = {
    "key": lambda asset: asset.key,
    "name": lambda asset: asset.name,
    "made_at": lambda asset: asset.made_at,
    "failed_at": lambda asset: asset.failed_at,
    "usual_seconds": lambda asset: asset.usual_seconds,
    "tool": lambda asset: asset.tool,
    "owners": lambda asset: asset.owners,
    "metadata": lambda asset: asset.metadata,
}


@dataclass(frozen=True, slots=True)
class Row:
    asset: Asset
    condition: Condition
    url: str
    producers: tuple[Thing, ...]
    sources: int
    products: int


@require_safe
@page
def asset_list(request: HttpRequest) -> HttpResponseBase:
    text, state = request.GET.get("q", "").strip(), request.GET.get("state", "")
    rows = Asset.objects.all()
    if text:
        rows = rows.filter(Q(key__icontains=text) | Q(name__icontains=text))
    if state in STATES:
        rows = rows.filter(STATES[state])
    if exported := export_as(request, rows.order_by("key").iterator(), COLUMNS, "assets"):
        return exported
    shown = read_page(rows, request.GET, ORDERS, usual=USUAL)
    context = {
        "section": "assets",
        "page": shown,
        "rows": _rows(shown.rows, timezone.now()),
        "text": text,
        "state": state,
        "states": list(STATES),
        "is_narrowed": bool(text or state in STATES),
        "is_live": shown.is_first and shown.sort == USUAL,
    }
    return render_page(request, "assets/list.html", context, fragments={"assets": "assets/list_rows.html"})


def _rows(assets: list[Asset], now: datetime) -> list[Row]:
    links = AssetSource.objects.order_by()
    sources = _counted(links.filter(asset__in=assets), "asset")
    products = _counted(links.filter(source__in=assets), "source")
    return [
        Row(
            asset=asset,
            condition=condition_of(asset, now),
            url=address_of("asset", asset.key),
            producers=producers_of(asset),
            sources=sources.get(asset.pk, 0),
            products=products.get(asset.pk, 0),
        )
        for asset in assets
    ]


def producers_of(asset: Asset) -> tuple[Thing, ...]:
    """The flow and the task that made it last."""
    return tuple(thing_of(labels) for labels in (asset.flow, asset.task_run) if labels)


def _counted(links: QuerySet[AssetSource], column: str) -> dict[int, int]:
    counted: Any = links.values_list(column).annotate(number=Count("pk"))
    return dict(counted)
