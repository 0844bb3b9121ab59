"""What a row of the list says of an event, in words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from orchestrator.contract.states import StateType
from orchestrator.events.models import Event
from orchestrator.pages.addresses import address_of, address_of_event, address_of_resource
from orchestrator.pages.looks import look_of

ID, ROLE = "prefect.resource.id", "prefect.resource.role"
NAMES = ("prefect.resource.name", "prefect.name")
ACTORS = ("actor", "creator", "automation", "worker", "asset-materialized-by")  # roles of whoever did it
MOST_RELATED = 2  # that a row names; the others are a number
_OURS = re.compile(r"prefect\.([a-z-]+)\.(.+)")
_UUID_LENGTH = 36
_ASSET = "asset"
_SHORT = 8  # characters by which people tell identifiers apart


@dataclass(frozen=True, slots=True)
class Thing:
    """A resource in words, and where its page is; without one `url` is empty."""

    id: str
    kind: str
    name: str
    url: str
    role: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    event: Event
    tone: str
    day: str  # only where it differs from the row above
    url: str
    resource: Thing
    related: tuple[Thing, ...]
    more: int  # related ones that the row does not name
    actor: Thing | None


def rows_of(events: Sequence[Event], now: datetime) -> list[Row]:
    before = timezone.localtime(now).date()
    rows = []
    for event in events:
        occurred = timezone.localtime(event.occurred).date()
        rows.append(_row(event, "" if occurred == before else f"{occurred.day} {occurred:%b}"))
        before = occurred
    return rows


def things_of(event: Event) -> list[Thing]:
    """Everything that the event is related to."""
    return [thing_of(labels) for labels in event.related]


def thing_of(labels: Mapping[str, str]) -> Thing:
    identifier = labels.get(ID, "")
    role = labels.get(ROLE, "")
    ours = _OURS.fullmatch(identifier)
    name = next((labels[label] for label in NAMES if labels.get(label)), "")
    if ours is None:
        url = address_of("asset", identifier) if "://" in identifier or role == _ASSET else ""
        return Thing(identifier, _ASSET if url else "", name or identifier, url, role)
    kind, rest = ours.groups()
    name = name or (rest[:_SHORT] if len(rest) == _UUID_LENGTH else rest)
    return Thing(identifier, kind.replace("-", " "), name, address_of_resource(identifier) or "", role)


def tone_of(event: Event) -> str:
    """The colour of the state that the event tells of, or of success and failure where its name says so."""
    state_type = event.resource.get("prefect.state-type", "")
    if state_type in StateType.__members__:
        return look_of(state_type, event.resource.get("prefect.state-name")).tone
    last = event.event.rpartition(".")[2].lower()
    if last in ("failed", "crashed"):
        return last
    return {"succeeded": "completed", "triggered": "running", "not-ready": "late"}.get(last, "scheduled")


def _row(event: Event, day: str) -> Row:
    things = things_of(event)
    actor = next((thing for role in ACTORS for thing in things if thing.role == role), None)
    others = [thing for thing in things if thing is not actor]
    return Row(
        event=event,
        tone=tone_of(event),
        day=day,
        url=address_of_event(event.occurred, event.id),
        resource=thing_of(event.resource),
        related=tuple(others[:MOST_RELATED]),
        more=max(0, len(others) - MOST_RELATED),
        actor=actor,
    )
