"""Reading events that clients report. Written by hand, because thousands come in a second."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from orchestrator.contract.events import MAX_EVENT_BYTES, MAX_LABELS, MAX_NAME_LENGTH, MAX_RELATED
from orchestrator.contract.times import now, parse_time
from orchestrator.events.models import Event
from orchestrator.rest.json import load_json
from orchestrator.statements.making import made

RESOURCE_ID = "prefect.resource.id"
RESOURCE_ROLE = "prefect.resource.role"


class BadEvent(ValueError):
    """What was sent is no event. `kind`, `where`, `what` and `found` say why, in the shape of the API's refusals."""

    def __init__(self, kind: str, where: tuple[str | int, ...], what: str, found: Any) -> None:
        super().__init__(f"{'.'.join(str(part) for part in where) or 'event'}: {what}")
        self.kind = kind
        self.where = where
        self.what = what
        self.found = found

    def detail(self, *under: str | int) -> dict[str, Any]:
        return {"type": self.kind, "loc": [*under, *self.where], "msg": self.what, "input": self.found}


def parse_event(text: str | bytes) -> Event:
    """One event from its JSON. Raises BadEvent."""
    if len(text) > MAX_EVENT_BYTES:
        raise BadEvent("too_long", (), f"An event may have at most {MAX_EVENT_BYTES} bytes.", f"{len(text)} bytes")
    try:
        return read_event(load_json(text))
    except orjson.JSONDecodeError as error:
        raise BadEvent("json_invalid", (), f"This is not JSON: {error}", None) from None


def read_event(sent: Any) -> Event:
    """One event from its JSON value, of a size that the caller has checked. Raises BadEvent. Other keys are ignored."""
    if not isinstance(sent, dict):
        raise BadEvent("model_attributes_type", (), "An event is an object.", sent)
    resource = _labels(_present(sent, "resource"), ("resource",), RESOURCE_ID)
    return made(
        Event,
        sequence=None,
        id=_required_identifier(sent, "id"),
        occurred=_time(sent),
        received=now(),
        event=_name(_present(sent, "event")),
        resource_id=resource[RESOURCE_ID],
        resource=resource,
        related=_related(sent["related"]) if "related" in sent else [],
        payload=_payload(sent["payload"]) if "payload" in sent else {},
        follows=_identifier(sent.get("follows"), "follows"),
    )


def _present(sent: dict[str, Any], key: str) -> Any:
    if key not in sent:
        raise BadEvent("missing", (key,), "Field required", sent)
    return sent[key]


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise BadEvent("string_type", ("event",), "Input should be a valid string", name)
    if len(name) > MAX_NAME_LENGTH:
        raise BadEvent("value_error", ("event",), f"A name may have at most {MAX_NAME_LENGTH} characters.", name)
    return name


def _labels(labels: Any, where: tuple[str | int, ...], *required: str) -> dict[str, str]:
    if not isinstance(labels, dict):
        raise BadEvent("dict_type", where, "A resource is an object of labels.", labels)
    if len(labels) > MAX_LABELS:
        text = f"A resource may have at most {MAX_LABELS} labels."
        raise BadEvent("value_error", where, text, f"{len(labels)} labels")
    for key, value in labels.items():
        if type(value) is not str:  # JSON has no other texts, and this is asked most often
            raise BadEvent("string_type", (*where, key), "A label is a string.", value)
    for key in required:
        if not labels.get(key):
            raise BadEvent("value_error", where, f"Resources must include the label {key}.", labels)
    return labels


def _related(related: Any) -> list[dict[str, str]]:
    if not isinstance(related, list):
        raise BadEvent("list_type", ("related",), "Input should be a valid list", related)
    if len(related) > MAX_RELATED:
        text = f"An event may have at most {MAX_RELATED} related resources."
        raise BadEvent("value_error", ("related",), text, f"{len(related)} resources")
    return [_labels(labels, ("related", at), RESOURCE_ID, RESOURCE_ROLE) for at, labels in enumerate(related)]


def _payload(payload: Any) -> dict[str, Any]:
    if not isinstance(payload, dict):
        raise BadEvent("dict_type", ("payload",), "Input should be a valid dictionary", payload)
    return payload


def _time(sent: dict[str, Any]) -> datetime:
    """A text, or seconds since 1970."""
    found = _present(sent, "occurred")
    try:
        if isinstance(found, int | float) and not isinstance(found, bool):
            return datetime.fromtimestamp(found, UTC)
        return parse_time(found)
    except (TypeError, ValueError, OverflowError, OSError):
        raise BadEvent("value_error", ("occurred",), "Input should be a valid datetime", found) from None


def _required_identifier(sent: dict[str, Any], key: str) -> UUID:
    found = _identifier(_present(sent, key), key)
    if found is None:
        raise BadEvent("uuid_type", (key,), "UUID input should be a string, bytes or UUID object", None)
    return found


def _identifier(text: Any, where: str) -> UUID | None:
    if text is None:
        return None
    if not isinstance(text, str):
        raise BadEvent("uuid_type", (where,), "UUID input should be a string, bytes or UUID object", text)
    try:
        return UUID(text)
    except ValueError:
        raise BadEvent("uuid_parsing", (where,), "Input should be a valid UUID", text) from None
