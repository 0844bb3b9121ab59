"""A file of deployments: `orchestrator.yaml`, or a `prefect.yaml` as it is.

What cannot be done by us is a problem with its place in the file, never passed over: build and push steps, triggers,
keys that nobody knows.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.cli.exits import USAGE, Ended
from orchestrator.cli.flow_facts import FlowFacts, flow_facts
from orchestrator.cli.yaml_lines import Lines, read_yaml
from orchestrator.sdk.deploying import DEFAULT_POOL, SDK_LABEL, catch_up_policy, concurrency_columns
from orchestrator.sdk.errors import DeploymentError, FlowNotFound
from orchestrator.sdk.json_values import to_json
from orchestrator.sdk.schedules import schedule_body

FILES = ("orchestrator.yaml", "prefect.yaml")  # looked for in this order

Variables = Callable[[str], Any]  # the value of a variable of the server; raises KeyError when there is none

_TOP = {"name", "prefect-version", "definitions", "pull", "build", "push", "deployments"}
_KEYS = {
    *("name", "flow_name", "entrypoint", "version", "version_type", "description", "tags", "parameters"),
    *("enforce_parameter_schema", "schedule", "schedules", "paused", "concurrency_limit", "catch_up", "labels"),
    *("work_pool", "pull", "build", "push", "triggers"),
}
_POOL_KEYS = {"name", "work_queue_name", "job_variables"}
_NOT_DONE = {
    "build": "images are not built here: build and push it beforehand, and name it in work_pool.job_variables",
    "push": "images are not pushed here: do so beforehand",
    "triggers": "triggers are automations, which a file of deployments does not make",
}
_PLACEHOLDER = re.compile(r"\{\{\s*(.*?)\s*\}\}")
# Where text in double braces may be meant for somebody else: the flow, or the worker that fetches the code.
_LEFT_ALONE = ("parameters", "pull")


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


@dataclass(slots=True)
class Project:
    """What a file says. `problems` are those of the file itself, which keep all of it from being applied."""

    name: str
    file: str
    deployments: list[Declared] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def find_file(directory: str) -> str:
    """Raises Ended when there is none."""
    for name in FILES:
        if os.path.isfile(os.path.join(directory, name)):
            return os.path.join(directory, name)
    raise Ended(f"There is no {' and no '.join(FILES)} in {directory}; name one with --file", code=USAGE)


def read_project(file: str, *, variables: Variables) -> Project:
    """Raises Ended for a file that cannot be read at all; everything else becomes problems."""
    try:
        with open(file, encoding="utf-8") as text:
            found = read_yaml(text.read(), file=file)
    except OSError as error:
        raise Ended(f"{file} cannot be read: {error.strerror}", code=USAGE) from None
    except UnicodeDecodeError:
        raise Ended(f"{file} is no text in UTF-8", code=USAGE) from None
    directory = os.path.dirname(os.path.abspath(file))
    project = Project(str(found.get("name") or os.path.basename(directory)), file)
    for key in found:
        if key not in _TOP:
            _refuse(project, found, f"this key is not known; those that are: {_listed(_TOP)}", key)
    for key in ("build", "push"):
        if found.get(key):
            _refuse(project, found, _NOT_DONE[key], key)
    entries = found.get("deployments")
    if not isinstance(entries, list) or not entries:
        _refuse(project, found, "a list of deployments is needed", "deployments")
        return project
    for position, entry in enumerate(entries):
        project.deployments.append(_declared(found, position, entry, file, directory, variables))
    _refuse_doubles(project)
    return project


def _declared(whole: Lines, position: int, entry: Any, file: str, directory: str, variables: Variables) -> Declared:
    def where(*path: str | int) -> tuple[str, str]:
        return f"{file}:{whole.line_of('deployments', position, *path)}", _dotted("deployments", position, *path)

    title = str(entry.get("name")) if isinstance(entry, Mapping) and entry.get("name") else f"deployment {position + 1}"
    declared = Declared(title, where=where)
    if not isinstance(entry, Lines):
        declared.refuse("a mapping is needed")
        return declared
    _refuse_unknown(declared, entry)
    values = {key: _filled(declared, value, variables, key) for key, value in entry.items()}
    if not values.get("name"):
        declared.refuse("every deployment needs a name", "name")
    facts = _facts(declared, values, directory)
    pull = values.get("pull") or whole.get("pull")
    declared.body = {
        **_plain_columns(declared, values, facts),
        **_pool_columns(declared, values),
        **_limit_columns(declared, values),
        "schedules": list(_schedules(declared, values)),
        "entrypoint": facts.entrypoint if facts else values.get("entrypoint"),
        "path": None if pull else directory,
        "pull_steps": to_json(pull) if pull else None,
    }
    if facts is not None:
        declared.body["parameter_openapi_schema"] = facts.schema
        declared.title = f"{declared.body['flow_name']}/{declared.title}"
    return declared


def _refuse_unknown(declared: Declared, entry: Lines) -> None:
    for key, value in entry.items():
        if key not in _KEYS:
            declared.refuse(f"this key is not known; those that are: {_listed(_KEYS)}", key)
        elif key in _NOT_DONE and value:
            declared.refuse(_NOT_DONE[key], key)
    if entry.get("version_type") not in (None, "prefect:simple"):
        declared.refuse("only prefect:simple is known; give the version itself in version", "version_type")


def _facts(declared: Declared, values: Mapping[str, Any], directory: str) -> FlowFacts | None:
    entrypoint = values.get("entrypoint")
    if not isinstance(entrypoint, str) or not entrypoint:
        declared.refuse("every deployment needs an entrypoint, such as flows.py:hello", "entrypoint")
        return None
    try:
        return flow_facts(entrypoint, directory=directory)
    except FlowNotFound as error:
        declared.refuse(str(error), "entrypoint")
        return None


def _plain_columns(declared: Declared, values: Mapping[str, Any], facts: FlowFacts | None) -> dict[str, Any]:
    kinds = {"parameters": Mapping, "labels": Mapping, "tags": list, "paused": bool, "enforce_parameter_schema": bool}
    for key, kind in kinds.items():
        value = values.get(key)
        if value is not None and not isinstance(value, kind):
            word = {list: "a list", bool: "true or false"}.get(kind, "a mapping")
            declared.refuse(f"{word} is needed", key)
            values = {**values, key: None}
    enforce = values.get("enforce_parameter_schema")
    version = values.get("version") if values.get("version") is not None else facts.version if facts else None
    columns = {
        "name": str(values.get("name") or ""),
        "flow_name": values.get("flow_name") or (facts.name if facts else ""),
        "version": None if version is None else str(version),
        "description": values.get("description") or (facts.description if facts else None),
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


def _pool_columns(declared: Declared, values: Mapping[str, Any]) -> dict[str, Any]:
    pool = values.get("work_pool") or {}
    if not isinstance(pool, Mapping):
        declared.refuse("a mapping with name, work_queue_name and job_variables is needed", "work_pool")
        return {}
    for key in pool:
        if key not in _POOL_KEYS:
            declared.refuse(f"this key is not known; those that are: {_listed(_POOL_KEYS)}", "work_pool", key)
    variables = pool.get("job_variables") or {}
    if not isinstance(variables, Mapping):
        declared.refuse("a mapping is needed", "work_pool", "job_variables")
        variables = {}
    columns = {"work_pool_name": pool.get("name") or DEFAULT_POOL, "job_variables": to_json(variables)}
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


def _filled(declared: Declared, value: Any, variables: Variables, *path: str | int) -> Any:
    """The value with `{{ $NAME }}` and `{{ prefect.variables.name }}` replaced."""
    if isinstance(value, Mapping):
        return {key: _filled(declared, inner, variables, *path, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(declared, inner, variables, *path, place) for place, inner in enumerate(value)]
    if not isinstance(value, str) or "{{" not in value or path[0] == "pull":
        return value
    whole = _PLACEHOLDER.fullmatch(value)
    if whole:
        return _value_of(declared, whole, variables, *path)
    return _PLACEHOLDER.sub(lambda found: str(_value_of(declared, found, variables, *path)), value)


def _value_of(declared: Declared, found: re.Match[str], variables: Variables, *path: str | int) -> Any:
    name = found.group(1)
    if name.startswith("$"):
        value = os.environ.get(name[1:])
        if value is None:
            declared.refuse(f"the environment variable {name[1:]} is not set", *path)
        return value or ""
    for prefix in ("prefect.variables.", "variables."):
        if name.startswith(prefix):
            try:
                return variables(name.removeprefix(prefix))
            except KeyError:
                declared.refuse(f"there is no variable {name.removeprefix(prefix)!r}", *path)
                return ""
    for_the_worker = path[:2] == ("work_pool", "job_variables") and name.startswith("prefect.blocks.")
    if not for_the_worker and not any(part in _LEFT_ALONE for part in path):
        declared.refuse(f"{found.group(0)} is not known; there are {{{{ $NAME }}}} and {{{{ variables.name }}}}", *path)
    return found.group(0)


def _refuse_doubles(project: Project) -> None:
    seen: set[str] = set()
    for declared in project.deployments:
        if declared.title in seen:
            declared.refuse(f"{declared.title} is there twice", "name")
        seen.add(declared.title)


def _refuse(project: Project, found: Lines, message: str, key: str) -> None:
    project.problems.append(Problem("", f"{project.file}:{found.line_of(key)}", key, message))


def _dotted(*path: str | int) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _listed(keys: set[str]) -> str:
    return ", ".join(sorted(keys))
