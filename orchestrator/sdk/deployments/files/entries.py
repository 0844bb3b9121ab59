"""One deployment as a file says it, turned into what the API takes.

What cannot be done by us is a problem with its place in the file, never passed over: build and push steps, triggers,
keys that nobody knows.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.sdk.deployments.deploying import catch_up_policy
from orchestrator.sdk.deployments.files.flow_facts import FlowFacts
from orchestrator.sdk.deployments.files.placeholders import Variables, checked, filled, may_be_secret
from orchestrator.sdk.deployments.files.yaml_lines import Lines
from orchestrator.sdk.deployments.flow_deployment import DEFAULT_POOL, SDK_LABEL
from orchestrator.sdk.deployments.limits import concurrency_columns
from orchestrator.sdk.deployments.schedules import schedule_body
from orchestrator.sdk.errors import DeploymentError, FlowNotFound
from orchestrator.sdk.values.json_values import to_json

FactsOf = Callable[[str, str], FlowFacts]  # what the flow of an entrypoint, in a directory, says; raises FlowNotFound

_KEYS = {
    *("name", "flow_name", "entrypoint", "version", "version_type", "description", "tags", "parameters"),
    *("enforce_parameter_schema", "schedule", "schedules", "paused", "concurrency_limit", "catch_up", "labels"),
    *("work_pool", "pull", "build", "push", "triggers", "sla", "path", "parameter_openapi_schema"),
}
_POOL_KEYS = {"name", "work_queue_name", "job_variables"}
NOT_DONE = {
    "build": "images are not built here: build and push it beforehand, and name it in work_pool.job_variables",
    "push": "images are not pushed here: do so beforehand",
    "sla": "service levels are not watched here: make an automation that tells you of late runs",
    "triggers": "triggers are automations, which a file does not make: flow.deploy(…, triggers=[…]) does",
}
_DEEPEST_OPEN = 3  # schedules[0].parameters


@dataclass(frozen=True, slots=True)
class Problem:
    """`place` is `file:line`, empty for what was given on the command line; `key` is the way to the value."""

    deployment: str
    place: str
    key: str
    message: str

    def __str__(self) -> str:
        before = " ".join(part for part in (self.place, self.key) if part)
        return f"{before}: {self.message}" if before else self.message


@dataclass(slots=True)
class Declared:
    """One deployment as it is to be: `body` is what the API takes. `where` finds the place of one of its keys."""

    title: str  # for people: its flow and name, as far as they are known
    body: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    where: Callable[..., tuple[str, str]] = lambda *path: ("", ".".join(map(str, path)))

    def refuse(self, message: str, *path: str | int) -> None:
        place, key = self.where(*path)
        self.problems.append(Problem(self.title, place, key, message))


def declared_deployment(
    whole: Lines,
    *path: str | int,
    file: str,
    directory: str,
    facts_of: FactsOf,
    variables: Variables | None,
    default_pool: str | None = DEFAULT_POOL,
    keeps_open: bool = False,
) -> Declared:
    """The deployment that stands under `path` in the file; whatever is wrong becomes one of its problems.

    Its code is in `directory`, unless it says otherwise in `path`. Where it tells its flow's name and parameter schema
    itself, even that there is none, the code is not looked at. `variables` None takes texts in double braces as they
    are; with `keeps_open` so stay those behind which a secret may stand. `default_pool` is for a deployment that names
    no work pool.
    """
    entry: Any = whole
    for key in path:
        entry = entry[key]

    def where(*inner: str | int) -> tuple[str, str]:
        return f"{file}:{whole.line_of(*path, *inner)}", dotted(*path, *inner)

    nameless = f"deployment {path[-1] + 1}" if path and isinstance(path[-1], int) else "the deployment"
    title = str(entry.get("name")) if isinstance(entry, Mapping) and entry.get("name") else nameless
    declared = Declared(title, where=where)
    if not isinstance(entry, Lines):
        declared.refuse("a mapping is needed")
        return declared
    _refuse_unknown(declared, entry)
    values = dict(entry)
    if variables is not None:
        values = {key: _filled(declared, value, variables, key, keeps_open=keeps_open) for key, value in entry.items()}
    if not values.get("name"):
        declared.refuse("every deployment needs a name", "name")
    pull = _pull_steps(declared, values.get("pull") or (whole.get("pull") if path else None))
    values["path"] = _directory(declared, values, directory, is_fetched=bool(pull))
    facts = _facts(declared, values, directory, facts_of)
    declared.body = {
        **_plain_columns(declared, values, facts),
        **_pool_columns(declared, values, default_pool),
        **_limit_columns(declared, values),
        "schedules": list(_schedules(declared, values)),
        "entrypoint": facts.entrypoint if facts else values.get("entrypoint"),
        "path": values["path"],
        "pull_steps": to_json(pull) if pull else None,
    }
    schema = facts.schema if facts is not None else values.get("parameter_openapi_schema")
    if schema is not None:
        declared.body["parameter_openapi_schema"] = to_json(schema)
    if declared.body["flow_name"]:
        declared.title = f"{declared.body['flow_name']}/{declared.title}"
    return declared


def _filled(declared: Declared, value: Any, variables: Variables, *path: str | int, keeps_open: bool) -> Any:
    """The value with its placeholders filled in, unless they are to be kept."""
    if keeps_open and may_be_secret(path):
        return checked(value, path, refuse=declared.refuse)
    goes_deeper = keeps_open and path[0] in ("work_pool", "schedules") and len(path) < _DEEPEST_OPEN
    if goes_deeper and isinstance(value, Mapping):
        return {key: _filled(declared, inner, variables, *path, key, keeps_open=True) for key, inner in value.items()}
    if goes_deeper and isinstance(value, list):
        return [_filled(declared, inner, variables, *path, place, keeps_open=True) for place, inner in enumerate(value)]
    return filled(value, path, variables=variables, refuse=declared.refuse)


def _refuse_unknown(declared: Declared, entry: Lines) -> None:
    for key, value in entry.items():
        if key not in _KEYS:
            declared.refuse(f"this key is not known; those that are: {listed(_KEYS)}", key)
        elif key in NOT_DONE and value:
            declared.refuse(NOT_DONE[key], key)
    if entry.get("version_type") not in (None, "prefect:simple"):
        declared.refuse("only prefect:simple is known; give the version itself in version", "version_type")


def _pull_steps(declared: Declared, given: Any) -> list[Any]:
    """A single step may stand by itself, without a list."""
    steps = [given] if isinstance(given, Mapping) and given else given or []
    if not isinstance(steps, list) or not all(isinstance(each, Mapping) for each in steps):
        declared.refuse("a list of steps is needed, each a mapping of its name to its inputs", "pull")
        return []
    return steps


def _directory(declared: Declared, values: Mapping[str, Any], directory: str, *, is_fetched: bool) -> str | None:
    """Where the code is; None when workers fetch it, and when the file says that it is nowhere in particular."""
    if "path" not in values:
        return None if is_fetched else directory
    given = values["path"]
    if given is None or (isinstance(given, str) and given):
        return None if given is None else os.path.normpath(os.path.join(directory, given))
    declared.refuse("the directory in which the code is, or null, is needed", "path")
    return None


def _facts(declared: Declared, values: Mapping[str, Any], directory: str, facts_of: FactsOf) -> FlowFacts | None:
    """What the flow says of itself, unless the file says all of it."""
    if values.get("flow_name") and "parameter_openapi_schema" in values:
        return None
    entrypoint = values.get("entrypoint")
    if not isinstance(entrypoint, str) or not entrypoint:
        declared.refuse("every deployment needs an entrypoint, such as flows.py:hello", "entrypoint")
        return None
    try:
        return facts_of(entrypoint, values["path"] or directory)
    except FlowNotFound as error:
        declared.refuse(str(error), "entrypoint")
        return None


def _plain_columns(declared: Declared, values: Mapping[str, Any], facts: FlowFacts | None) -> dict[str, Any]:
    kinds: dict[str, Any] = {
        "parameters": Mapping,
        "parameter_openapi_schema": Mapping,
        "labels": Mapping,
        "tags": list,
        "paused": bool,
        "enforce_parameter_schema": bool,
    }
    for key, kind in kinds.items():
        value = values.get(key)
        if value is not None and not isinstance(value, kind):
            word = {list: "a list", bool: "true or false"}.get(kind, "a mapping")
            declared.refuse(f"{word} is needed", key)
            values = {**values, key: None}
    enforce = values.get("enforce_parameter_schema")
    version = values.get("version") if values.get("version") is not None else facts.version if facts else None
    description = values.get("description")
    if description is None:
        description = facts.description if facts else None
    columns = {
        "name": str(values.get("name") or ""),
        "flow_name": values.get("flow_name") or (facts.name if facts else ""),
        "version": None if version is None else str(version),
        "description": description,
        "tags": [str(tag) for tag in values.get("tags") or ()],
        "parameters": to_json(values.get("parameters") or {}),
        "enforce_parameter_schema": True if enforce is None else enforce,
        "labels": {**(values.get("labels") or {}), **({SDK_LABEL: "python"} if facts and facts.is_ours else {})},
        "catch_up": {"policy": "planned"},
    }
    if values.get("paused") is not None:
        columns["paused"] = values["paused"]
    if values.get("catch_up") is not None:
        try:
            columns["catch_up"] = catch_up_policy(values["catch_up"])
        except DeploymentError as error:
            declared.refuse(str(error), "catch_up")
    return columns


def _pool_columns(declared: Declared, values: Mapping[str, Any], default_pool: str | None) -> dict[str, Any]:
    pool = values.get("work_pool") or {}
    if not isinstance(pool, Mapping):
        declared.refuse("a mapping with name, work_queue_name and job_variables is needed", "work_pool")
        return {}
    for key in pool:
        if key not in _POOL_KEYS:
            declared.refuse(f"this key is not known; those that are: {listed(_POOL_KEYS)}", "work_pool", key)
    variables = pool.get("job_variables") or {}
    if not isinstance(variables, Mapping):
        declared.refuse("a mapping is needed", "work_pool", "job_variables")
        variables = {}
    columns = {"work_pool_name": pool.get("name") or default_pool, "job_variables": to_json(variables)}
    return {**columns, **({"work_queue_name": pool["work_queue_name"]} if pool.get("work_queue_name") else {})}


def _limit_columns(declared: Declared, values: Mapping[str, Any]) -> dict[str, Any]:
    try:
        limit, options = concurrency_columns(values.get("concurrency_limit"))
    except DeploymentError as error:
        declared.refuse(str(error), "concurrency_limit")
        return {}
    return {"concurrency_limit": limit, "concurrency_options": options}


def _schedules(declared: Declared, values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    given: list[tuple[tuple[str | int, ...], Any]] = []
    if values.get("schedule"):
        given.append((("schedule",), values["schedule"]))
    listed = values.get("schedules") or []
    if not isinstance(listed, list):
        declared.refuse("a list is needed; for a single one there is schedule", "schedules")
        listed = []
    given += [(("schedules", position), each) for position, each in enumerate(listed)]
    for path, each in given:
        if not isinstance(each, Mapping):
            declared.refuse("a mapping with cron, interval or rrule is needed", *path)
            continue
        try:
            yield schedule_body(each)
        except DeploymentError as error:
            declared.refuse(str(error), *path)


def dotted(*path: str | int) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def listed(keys: set[str]) -> str:
    return ", ".join(sorted(keys))
