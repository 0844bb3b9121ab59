"""Triggers: events that make a deployment run. On the server each is an automation that the deployment owns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.api.refusals import refusals
from orchestrator.sdk.errors import ApiError, DeploymentError
from orchestrator.sdk.options.checks import checked_seconds, checked_words
from orchestrator.sdk.values.json_values import to_json

Patterns = Mapping[str, "str | list[str]"]
_OF_AUTOMATION = ("name", "description", "enabled")
_OF_ACTION = ("parameters", "job_variables", "schedule_after")
_COMPOSED = ("compound", "sequence")
_OF_A_DOUBLE = (*_OF_AUTOMATION, "tags", "actions", "actions_on_trigger", "actions_on_resolve")
_NOT_ALLOWED, _NOT_THERE = (401, 403), (404, 405, 501)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTrigger:
    """Fires when events come; an empty field matches all.

    `expect`: names of events, such as `file.arrived` or `prefect.flow-run.*`. `match`: labels of what the event is
    about, with patterns (`{"prefect.resource.id": "shop.parcel.*"}`), `match_related`: of what it has to do with.
    `threshold` events `within` so many seconds are needed; `after` names events that must have come before; `for_each`
    names labels whose values are counted apart. `posture` "Proactive" fires when the events do not come, on
    servers that know it; ours answers that it does not.
    """

    expect: Iterable[str] = ()
    match: Patterns = field(default_factory=dict)
    match_related: Patterns | list[Patterns] = field(default_factory=dict)
    after: Iterable[str] = ()
    for_each: Iterable[str] = ()
    posture: str = "Reactive"
    threshold: int = 1
    within: float | timedelta = 0.0
    type: str = "event"

    def __post_init__(self) -> None:
        trigger_body(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentEventTrigger(EventTrigger):
    """An EventTrigger for `flow.deploy(triggers=[…])`, with what the run that it makes gets.

    `parameters` may hold templates over the event: `{"path": "{{ event.resource.id }}"}`. `schedule_after` is how many
    seconds later the run is to begin. `name` None is the deployment's with a number.
    """

    name: str | None = None
    description: str = ""
    enabled: bool = True
    parameters: Mapping[str, Any] | None = None
    job_variables: Mapping[str, Any] | None = None
    schedule_after: float | timedelta = 0.0


def trigger_bodies(given: Any) -> tuple[dict[str, Any], ...]:
    """What `triggers=` was given, as plain values. Raises DeploymentError."""
    if given is None:
        return ()
    if isinstance(given, (str, bytes, Mapping, EventTrigger)) or not isinstance(given, Iterable):
        raise DeploymentError(f"triggers= is a list: [DeploymentEventTrigger(expect=[…])], not {given!r}")
    return tuple(trigger_body(each) for each in given)


def trigger_body(given: Any) -> dict[str, Any]:
    """One trigger: an EventTrigger, a mapping with the same keys, or an object that has `model_dump`.

    Triggers composed of others are left to the server to check. Raises DeploymentError.
    """
    flat = _flat(given)
    beside = {key: flat.pop(key) for key in (*_OF_AUTOMATION, *_OF_ACTION) if key in flat}
    for key in ("parameters", "job_variables"):
        if not isinstance(beside.get(key) or {}, Mapping):
            raise DeploymentError(f"A trigger's {key} is a mapping: {beside[key]!r}")
    beside["schedule_after"] = _seconds(beside.get("schedule_after"), "schedule_after")
    if flat.get("type", "event") in _COMPOSED:
        return {**to_json(beside), **to_json(flat)}
    known = [each.name for each in fields(EventTrigger)]
    if unknown := [key for key in flat if key not in (*known, "id")]:
        raise DeploymentError(f"A trigger has no {unknown[0]!r}; it has {', '.join((*known, *_OF_AUTOMATION))}")
    if flat.get("type", "event") != "event":
        raise DeploymentError(f"Triggers are of type event, compound or sequence; this is {flat['type']!r}")
    posture = getattr(flat.get("posture"), "value", flat.get("posture")) or "Reactive"
    if posture not in ("Reactive", "Proactive"):
        raise DeploymentError(f"A trigger's posture is Reactive or Proactive; this is {posture!r}")
    threshold = flat.get("threshold", 1)
    if not isinstance(threshold, int) or isinstance(threshold, bool) or threshold < 1:
        raise DeploymentError(f"A trigger's threshold is a whole number from 1 on: {threshold!r}")
    return {
        **to_json(beside),
        "type": "event",
        "match": _patterns(flat.get("match"), "match"),
        "match_related": _related(flat.get("match_related")),
        **{key: sorted(checked_words(flat.get(key), key, error=DeploymentError)) for key in _WORDS},
        "posture": posture,
        "threshold": threshold,
        "within": _seconds(flat.get("within"), "within"),
    }


_WORDS = ("after", "expect", "for_each")


def automation_body(trigger: Mapping[str, Any], *, deployment_id: str, deployment_name: str, number: int) -> Any:
    """The automation that stands for a trigger. `number` counts the deployment's triggers from 1."""
    action = {key: trigger[key] for key in _OF_ACTION if trigger.get(key) is not None}
    return {
        "name": trigger.get("name") or f"{deployment_name}__automation_{number}",
        "description": trigger.get("description") or "",
        "enabled": trigger.get("enabled", True),
        "trigger": {key: value for key, value in trigger.items() if key not in (*_OF_AUTOMATION, *_OF_ACTION)},
        "actions": [{"type": "run-deployment", "source": "selected", "deployment_id": deployment_id, **action}],
        "owner_resource": f"prefect.deployment.{deployment_id}",
    }


def replace_triggers(
    triggers: Iterable[Mapping[str, Any]], *, deployment_id: str, deployment_name: str, client: Client
) -> None:
    """Make these the deployment's triggers, in the place of those that it had. Equal ones count as one.

    Raises DeploymentError for one that the server does not take; the deployment is there by then.
    """
    triggers = list(triggers)
    owner = quote(f"prefect.deployment.{deployment_id}", safe="")
    try:
        client.ask("DELETE", f"/automations/owned-by/{owner}")
    except ApiError as error:
        # Where there is nothing to take away, or nothing that the caller could have made, nothing needs to be said.
        if error.status not in (_NOT_THERE if triggers else (*_NOT_ALLOWED, *_NOT_THERE)):
            raise
    for number, trigger in enumerate(triggers, start=1):
        body = automation_body(trigger, deployment_id=deployment_id, deployment_name=deployment_name, number=number)
        try:
            client.ask("POST", "/automations/", body)
        except ApiError as error:
            if error.status not in (404, 409, 422):
                raise
            why = "; ".join(str(each) for each in refusals(error))
            raise DeploymentError(
                f"{deployment_name} is deployed, but without its trigger {body['name']!r}: {why}"
            ) from error
    if triggers:
        _delete_doubles(owner, client)


def _delete_doubles(owner: str, client: Client) -> None:
    """Of automations of the deployment that are equal, keep the newest.

    A lost answer makes a second one, and so do two processes that deploy at once; each of them looks after it has
    made its own, so that the last one sees all, and all keep the same one.
    """
    try:
        found = client.ask("GET", f"/automations/related-to/{owner}")
    except ApiError as error:
        if error.status not in (*_NOT_ALLOWED, *_NOT_THERE):
            raise
        return
    kept: list[Any] = []
    for each in sorted(found, key=lambda one: (one.get("created") or "", one["id"]), reverse=True):
        said = {**{name: each.get(name) for name in _OF_A_DOUBLE}, "trigger": _without_ids(each["trigger"])}
        if said not in kept:
            kept.append(said)
            continue
        try:
            client.ask("DELETE", f"/automations/{each['id']}")
        except ApiError as error:
            if error.status != 404:  # another process did
                raise


def _without_ids(trigger: Mapping[str, Any]) -> dict[str, Any]:
    """Triggers have ids of their own, also those inside others."""
    inner = trigger.get("triggers") or ()
    return {**trigger, "id": None, "triggers": [_without_ids(each) for each in inner]}


def _flat(given: Any) -> dict[str, Any]:
    if isinstance(given, EventTrigger):
        return {each.name: getattr(given, each.name) for each in fields(given)}
    if isinstance(given, Mapping):
        return {str(key): value for key, value in given.items()}
    if hasattr(given, "model_dump"):
        return dict(given.model_dump())
    raise DeploymentError(f"This is no trigger: {given!r}; write DeploymentEventTrigger(expect=[…])")


def _patterns(given: Any, option: str) -> dict[str, Any]:
    if not isinstance(given or {}, Mapping):
        raise DeploymentError(f"A trigger's {option} is a mapping of labels to patterns: {given!r}")
    patterns = dict(given or {})
    for label, pattern in patterns.items():
        texts = [pattern] if isinstance(pattern, str) else pattern
        if not isinstance(texts, (list, tuple)) or not all(isinstance(each, str) for each in texts):
            raise DeploymentError(f"A trigger's {option}[{label!r}] is a pattern or a list of them: {pattern!r}")
    return dict(to_json(patterns))


def _related(given: Any) -> Any:
    if isinstance(given, (list, tuple)):
        return [_patterns(each, "match_related") for each in given]
    return _patterns(given, "match_related")


def _seconds(given: Any, option: str) -> float:
    return checked_seconds(given, option, error=DeploymentError) or 0.0
