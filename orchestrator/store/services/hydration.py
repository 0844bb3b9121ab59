"""Parameters may say how they come to be: `{"__prefect_kind": "json", "value": "[1, 2]"}` stands for `[1, 2]`.

| kind | stands for |
|---|---|
| `none` | its `value` |
| `json` | its `value`, a text that is parsed |
| `jinja` | its `template`, filled in |
| `workspace_variable` | the value of the variable `variable_name` |
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from orchestrator.rest.json import load_json
from orchestrator.store.errors import BadTemplate, HydrationFailed
from orchestrator.store.models import Variable
from orchestrator.store.services.templates import RENDER_SECONDS, check_template, render_template

KIND = "__prefect_kind"
MOST_SECONDS = 5.0  # for all templates of one set of parameters


@dataclass(frozen=True, slots=True)
class Unresolved:
    """In the place of a value that is not known: why not, or None when it will be known once the run is made."""

    error: str | None = None


def hydrate(parameters: dict[str, Any], *, doing: str = "parameters") -> dict[str, Any]:
    """The parameters with everything replaced that stands for something else, at any depth.

    `doing` names them in the message of HydrationFailed, which is raised for what leads nowhere.
    """
    return _whole(_Hydration(doing=doing).resolve(parameters))


def hydrate_for_checking(parameters: dict[str, Any]) -> dict[str, Any]:
    """The same, with `Unresolved` in the place of what leads nowhere, and of templates, which are not filled in."""
    return _whole(_Hydration(renders=False).resolve(parameters))


_GONE = object()  # stands for a key or item that is left out

Resolve = Callable[["_Hydration", dict[str, Any]], Any]


@dataclass(slots=True)
class _Hydration:
    """One pass over one set of parameters. `doing` None: what leads nowhere becomes Unresolved."""

    doing: str | None = None
    renders: bool = True
    variables: dict[str, Any] = field(default_factory=dict)  # those asked for so far
    until: float = field(default_factory=lambda: monotonic() + MOST_SECONDS)

    def resolve(self, value: Any) -> Any:
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not _GONE]
        if not isinstance(value, dict):
            return value
        if KIND in value:
            kind = value[KIND]
            resolve = _KINDS.get(kind) if isinstance(kind, str) else None
            return resolve(self, value) if resolve is not None else value.get("value")
        resolved = {key: self.resolve(item) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not _GONE}

    def inner(self, value: Any) -> Any:
        """What a kind is given, which may itself stand for something else."""
        return self.resolve(value) if isinstance(value, dict) else value

    def failed(self, why: str) -> Unresolved:
        if self.doing is not None:
            raise HydrationFailed(f"Error hydrating {self.doing}: {why}")
        return Unresolved(why)

    def render(self, template: str) -> str:
        left = self.until - monotonic()
        if left <= 0:
            raise BadTemplate(f"The templates take more than {MOST_SECONDS:g} s together.")
        return render_template(template, {}, seconds=min(left, RENDER_SECONDS))

    def variable(self, name: Any) -> Any:
        if name not in self.variables:
            found = Variable.objects.filter(name=name).first() if isinstance(name, str) else None
            if found is None:
                return self.failed(f"Variable '{name}' not found in workspace.")
            self.variables[name] = found.value
        return self.variables[name]


def _none(hydration: _Hydration, given: dict[str, Any]) -> Any:
    if "value" not in given:
        return hydration.failed("Missing 'value' key in __prefect object")
    return hydration.resolve(given["value"])


def _json(hydration: _Hydration, given: dict[str, Any]) -> Any:
    # A form whose field was never filled in sends the kind alone.
    if "value" not in given:
        return _GONE
    value = hydration.inner(given["value"])
    if not isinstance(value, str):
        return value
    try:
        # The words of a refusal are the standard library's. What passes there can still be nothing that is stored.
        json.loads(value)
        return load_json(value)
    except (ValueError, RecursionError) as error:
        return hydration.failed(f"Invalid JSON: {error}")


def _jinja(hydration: _Hydration, given: dict[str, Any]) -> Any:
    if "template" not in given:
        return hydration.failed("Missing 'template' key in __prefect object")
    template = hydration.inner(given["template"])
    if template is _GONE or isinstance(template, Unresolved):
        return template
    if not isinstance(template, str):
        return hydration.failed("Invalid jinja: a template is a text")
    try:
        if hydration.renders:
            return hydration.render(template)
        check_template(template)
    except BadTemplate as error:
        return hydration.failed(f"Invalid jinja: {error}")
    return Unresolved()


def _workspace_variable(hydration: _Hydration, given: dict[str, Any]) -> Any:
    if "variable_name" not in given:
        return _GONE
    name = hydration.inner(given["variable_name"])
    return name if name is _GONE or isinstance(name, Unresolved) else hydration.variable(name)


_KINDS: dict[str, Resolve] = {
    "none": _none,
    "json": _json,
    "jinja": _jinja,
    "workspace_variable": _workspace_variable,
}


def _whole(resolved: Any) -> dict[str, Any]:
    """Of parameters that came to nothing: none."""
    whole: dict[str, Any] = {} if resolved is _GONE else resolved
    return whole
