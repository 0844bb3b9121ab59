"""`emit_event`: what happened to something, told to the server, where automations and pages see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from orchestrator.contract.events import MAX_EVENT_BYTES, MAX_LABELS, MAX_NAME_LENGTH, MAX_RELATED, resource
from orchestrator.contract.ids import uuid7
from orchestrator.contract.times import format_time, now
from orchestrator.sdk.api.run_client import client_of_run
from orchestrator.sdk.context import current_flow_run, current_task_run
from orchestrator.sdk.errors import EventError
from orchestrator.sdk.options.checks import checked_id
from orchestrator.sdk.values.json_values import encode, to_json

_ID = "prefect.resource.id"
_ROLE = "prefect.resource.role"
_CLOSE = timedelta(minutes=5)  # events further apart need no `follows`: their times tell the order

Labels = Mapping[str, Any]


@dataclass(frozen=True)
class Event:
    """An event as it is sent. `occurred` is aware, and now unless it is given; `follows` is the id of the event before,
    if they are close."""

    event: str
    resource: dict[str, str]
    occurred: datetime = field(default_factory=now)
    related: list[dict[str, str]] = field(default_factory=list)
    payload: dict[str, Any] = field(default_factory=dict)
    id: UUID = field(default_factory=uuid7)
    follows: UUID | None = None

    @property
    def involved_resources(self) -> list[dict[str, str]]:
        """What it happened to, and then what is related."""
        return [self.resource, *self.related]

    @property
    def resource_in_role(self) -> dict[str, dict[str, str]]:
        """The first related resource of each role."""
        return {role: found[0] for role, found in self.resources_in_role.items()}

    @property
    def resources_in_role(self) -> dict[str, list[dict[str, str]]]:
        """The related resources by their role."""
        found: dict[str, list[dict[str, str]]] = {}
        for each in self.related:
            found.setdefault(each.get(_ROLE, ""), []).append(each)
        return found

    @property
    def size_bytes(self) -> int:
        """How long it is as JSON."""
        return len(encode(self.to_wire()))

    def find_resource_label(self, label: str) -> str | None:
        """The value of a label of what it happened to; None when it has none such.

        `related:<role>:<label>` looks at the related resources of that role instead.
        """
        looked_at = [self.resource]
        if label.startswith("related:"):
            _, role, label = [*label.split(":", 2), "", ""][:3]
            looked_at = self.resources_in_role.get(role, [])
        return next((each[label] for each in looked_at if label in each), None)

    def to_wire(self) -> dict[str, Any]:
        """As the API has it: JSON values, times and ids as texts."""
        return {
            "id": str(self.id),
            "event": self.event,
            "occurred": format_time(self.occurred),
            "resource": self.resource,
            "related": self.related,
            "payload": self.payload,
            "follows": str(self.follows) if self.follows is not None else None,
        }


def emit_event(
    event: str,
    resource: Labels,
    occurred: datetime | None = None,
    related: Iterable[Labels] | None = None,
    payload: Mapping[str, Any] | None = None,
    id: UUID | str | None = None,
    follows: Event | UUID | str | None = None,
) -> Event:
    """Tell that something happened, and go on: the event is delivered in the background, before the run ends.

    `event` is its name, like `order.shipped`. `resource` says what it happened to: labels, of which
    `prefect.resource.id` is needed. `related` are further resources, each with an id and a `prefect.resource.role`;
    the run that calls, its flow, deployment and tags are added. `occurred` None is now; a time without a zone is UTC.
    `payload` is anything that JSON can hold. `id` None gives a new one; the same id again is the same event.
    `follows` is the event before this one; it is left out when that was more than 5 minutes away.

    Returns the event. Without a server it is made and checked, and sent nowhere. Raises EventError for what the server
    would refuse.
    """
    happened = _aware(occurred)
    labels = _labels(resource, "resource")
    others = [_labels(each, f"related[{index}]", role=True) for index, each in enumerate(related or ())]
    if len(others) > MAX_RELATED:
        raise EventError(f"Event {event!r} has {len(others)} related resources; {MAX_RELATED} are the most")
    if payload is not None and not isinstance(payload, Mapping):
        raise EventError(f"Event {event!r}: payload is {type(payload).__name__}; a dictionary is needed")
    made = Event(
        event=_name(event),
        resource=labels,
        occurred=happened,
        related=_with_run(others, own=labels[_ID]),
        payload=to_json(dict(payload or {})),
        id=checked_id(id, "id", error=EventError) if id is not None else uuid7(),
        follows=_followed(follows, happened),
    )
    if (size := made.size_bytes) > MAX_EVENT_BYTES:
        raise EventError(f"Event {event!r} has {size} bytes as JSON; {MAX_EVENT_BYTES} are the most")
    client = client_of_run()
    if client is not None:
        client.delivery.put_event(made)
    return made


def resources_of_run() -> list[dict[str, str]]:
    """The run that calls as related resources: flow run, task run, flow, deployment, tags. Empty outside of runs."""
    flow_run, task_run = current_flow_run.get(), current_task_run.get()
    if flow_run is None and task_run is not None:
        flow_run = task_run.flow_run
    found, tags = [], set()
    if flow_run is not None and flow_run.id:
        found.append(resource("flow-run", flow_run.id, name=flow_run.name, role="flow-run"))
        tags |= set(flow_run.tags)
    if task_run is not None:
        found.append(resource("task-run", task_run.id, name=task_run.name, role="task-run"))
        tags |= set(task_run.tags)
    if flow_run is not None and flow_run.flow_id:
        found.append(resource("flow", flow_run.flow_id, name=flow_run.flow.name, role="flow"))
    if flow_run is not None and flow_run.deployment_id:
        found.append(resource("deployment", flow_run.deployment_id, role="deployment"))
    return found + [{_ID: f"prefect.tag.{tag}", _ROLE: "tag"} for tag in sorted(tags)]


def _with_run(related: list[dict[str, str]], *, own: str) -> list[dict[str, str]]:
    known = {own, *(each[_ID] for each in related)}
    added = [each for each in resources_of_run() if each[_ID] not in known]
    return (related + added)[:MAX_RELATED]


def _name(event: Any) -> str:
    if not isinstance(event, str) or not event.strip():
        raise EventError(f"The name of an event is a text like 'order.shipped'; got {event!r}")
    if len(event) > MAX_NAME_LENGTH:
        raise EventError(f"The name of an event has {len(event)} characters; {MAX_NAME_LENGTH} are the most")
    return event


def _labels(given: Any, where: str, *, role: bool = False) -> dict[str, str]:
    if not isinstance(given, Mapping):
        raise EventError(f"{where} is {given!r}; labels are needed, like {{{_ID!r}: 'order.17'}}")
    labels = {}
    for key, value in given.items():
        if not isinstance(key, str) or not isinstance(value, (str, int, float, UUID)):
            raise EventError(f"{where}: label {key!r} is {value!r}; labels are texts")
        labels[key] = value if isinstance(value, str) else str(value)
    needed = (_ID, _ROLE) if role else (_ID,)
    for key in needed:
        if not labels.get(key, "").strip():
            raise EventError(f"{where} has no label {key!r}; it has {', '.join(map(repr, labels)) or 'none'}")
    if len(labels) > MAX_LABELS:
        raise EventError(f"{where} has {len(labels)} labels; {MAX_LABELS} are the most")
    return labels


def _aware(moment: Any) -> datetime:
    if moment is None:
        return now()
    if not isinstance(moment, datetime):
        raise EventError(f"occurred is {moment!r}; a datetime is needed")
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _followed(follows: Any, happened: datetime) -> UUID | None:
    if follows is None:
        return None
    if isinstance(follows, Event):
        return follows.id if abs(happened - follows.occurred) < _CLOSE else None
    return checked_id(follows, "follows", error=EventError)
