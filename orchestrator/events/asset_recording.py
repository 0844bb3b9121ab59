"""What events tell of assets is kept beside the log: the pages about assets then read no events but the newest, and
an asset stays known when the events that told of it are too old to be kept.

Events may come twice and in any order. What is written depends on the times at which they occurred, not on that.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from orchestrator.events.models import Asset, AssetSource, Event

PREFIX = "prefect.asset."
MADE = "prefect.asset.materialization.succeeded"
FAILED = "prefect.asset.materialization.failed"
MOST_SOURCES = 200  # of one making
LEAST_SECONDS = 60.0  # what is made or mentioned again sooner is so in a burst, from which nothing follows
_NEWEST_COUNTS = 0.3  # for so much, in the time that passes from one making to the next
_ID, _ROLE = "prefect.resource.id", "prefect.resource.role"
_PROPERTIES = {
    "prefect.resource.name": "name",
    "prefect.asset.description": "description",
    "prefect.asset.url": "url",
}
_OWNERS = "prefect.asset.owners"
_PRODUCERS = {"flow": "flow", "flow-run": "flow_run", "task-run": "task_run"}
_WRITTEN = (
    "name", "description", "url", "owners", "metadata", "tool", "mentioned_at", "made_at", "failed_at",
    "usual_seconds", "flow", "flow_run", "task_run",
)  # fmt: skip


def note_assets(events: Sequence[Event]) -> None:
    """A recorder. Batches without an asset cost nothing."""
    told = sorted((event for event in events if event.event.startswith(PREFIX)), key=lambda event: event.occurred)
    if not told:
        return
    began = {event.resource_id: event.occurred for event in reversed(told)}
    mentioned = {source: event.occurred for event in told for source in _sources(event)}
    known = _known(mentioned | began)
    assets = _locked().in_bulk(began, field_name="key")
    for event in told:
        _apply(event, assets[event.resource_id])
    for event in told:
        asset = assets[event.resource_id]
        asset.mentioned_at = max(event.occurred, mentioned.get(asset.key, event.occurred), asset.mentioned_at)
    Asset.objects.bulk_update(assets.values(), _WRITTEN, batch_size=200)
    _mention({known[key].pk: at for key, at in mentioned.items() if key not in assets and _is_old(known[key], at)})
    _note_sources(told, known)


def _known(first: dict[str, datetime]) -> dict[str, Asset]:
    """All of them by their keys, unlocked; those that are new are made, as mentioned `first` so early."""
    rows = Asset.objects.only("key", "mentioned_at")
    known = rows.in_bulk(first, field_name="key")
    if new := sorted(first.keys() - known.keys()):
        Asset.objects.bulk_create([Asset(key=key, mentioned_at=first[key]) for key in new], ignore_conflicts=True)
        known |= rows.in_bulk(new, field_name="key")
    return known


def _locked(*, skip_locked: bool = False) -> QuerySet[Asset]:
    """Locked in one order by everybody, but not against those who only refer to them, as rows of sources do."""
    return Asset.objects.select_for_update(no_key=True, skip_locked=skip_locked).order_by("key")


def _is_old(asset: Asset, at: datetime) -> bool:
    return (at - asset.mentioned_at).total_seconds() >= LEAST_SECONDS


def _mention(last: dict[int, datetime]) -> None:
    """Of sources nothing else is written. Whoever holds one now mentions it as well: nobody waits for a source."""
    if not last:
        return
    sources = list(_locked(skip_locked=True).only("key", "mentioned_at").filter(pk__in=last))
    for source in sources:
        source.mentioned_at = max(last[source.pk], source.mentioned_at)
    Asset.objects.bulk_update(sources, ["mentioned_at"], batch_size=1_000)


def _apply(event: Event, asset: Asset) -> None:
    if event.occurred >= asset.mentioned_at:
        for label, column in _PROPERTIES.items():
            if label in event.resource:
                setattr(asset, column, event.resource[label])
        if _OWNERS in event.resource:
            asset.owners = _owners(event.resource[_OWNERS])
    if event.event == FAILED:
        asset.failed_at = max(event.occurred, asset.failed_at or event.occurred)
    if event.event != MADE or (asset.made_at is not None and event.occurred <= asset.made_at):
        return
    passed = (event.occurred - asset.made_at).total_seconds() if asset.made_at else 0.0
    if passed >= LEAST_SECONDS:
        usual = asset.usual_seconds
        asset.usual_seconds = passed if usual is None else usual + _NEWEST_COUNTS * (passed - usual)
    asset.made_at = event.occurred
    asset.metadata = event.payload
    asset.tool = next((each[_ID] for each in event.related if each[_ROLE] == "asset-materialized-by"), "")
    for role, column in _PRODUCERS.items():
        setattr(asset, column, next((each for each in event.related if each[_ROLE] == role), {}))


def _note_sources(told: Sequence[Event], known: dict[str, Asset]) -> None:
    last: dict[tuple[str, str], datetime] = {}
    for event in told:
        if event.event == MADE:
            last.update({(event.resource_id, source): event.occurred for source in _sources(event)})
    rows = [
        AssetSource(asset=known[key], source=known[source], last_at=at)
        for (key, source), at in sorted(last.items())
        if key != source
    ]
    if rows:
        AssetSource.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["asset", "source"], update_fields=["last_at"]
        )


def _sources(event: Event) -> list[str]:
    return [each[_ID] for each in event.related if each[_ROLE] == "asset"][:MOST_SOURCES]


def _owners(text: Any) -> list[str]:
    try:
        owners = json.loads(text)
    except (TypeError, ValueError):
        return []
    return [str(owner) for owner in owners] if isinstance(owners, list) else []
