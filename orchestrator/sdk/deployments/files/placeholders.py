"""What a file leaves open: `{{ $NAME }}` is the environment, `{{ variables.name }}` a variable of the server.

Where a secret may stand behind one, the text itself is kept until the deployment is made.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.errors import ApiError, DefinitionError

Variables = Callable[[str], Any]  # the value of a variable of the server; raises KeyError when there is none
Path = tuple[str | int, ...]
Refuse = Callable[..., None]  # called with a message and the way to the value

_PLACEHOLDER = re.compile(r"\{\{\s*(.*?)\s*\}\}")
_OF_VARIABLES = ("prefect.variables.", "variables.")
# Never looked into: workers fill in pull steps themselves, and a schema may say anything.
_LITERAL = ("pull", "parameter_openapi_schema")
# Where text in double braces may be meant for the flow.
_LEFT_ALONE = "parameters"
_JOB_VARIABLES = ("work_pool", "job_variables")


def filled(value: Any, path: Path, *, variables: Variables, refuse: Refuse) -> Any:
    """The value with every placeholder replaced, in a new object; what cannot be is told to `refuse`."""
    return _mapped(value, path, lambda found, place: _value_of(found, place, variables, refuse))


def checked(value: Any, path: Path, *, refuse: Refuse) -> Any:
    """The value as it is; placeholders that nobody would know are told to `refuse`."""
    return _mapped(value, path, lambda found, place: _known(found, place, refuse) and found.group(0))


def may_be_secret(path: Path) -> bool:
    """Whether what stands there is kept open: parameters, those of schedules too, and job variables."""
    return (
        path[:1] == ("parameters",)
        or path[:2] == _JOB_VARIABLES
        or (path[:1] == ("schedules",) and path[2:3] == ("parameters",))
    )


def filled_body(body: Mapping[str, Any], client: Client) -> dict[str, Any]:
    """A deployment as the API takes it, filled in. Raises DefinitionError, which names all that is missing."""
    problems: list[str] = []

    def refuse(message: str, *path: str | int) -> None:
        problems.append(f"{'.'.join(map(str, path))}: {message}")

    def fill(value: Any, *path: str | int) -> Any:
        return filled(value, path, variables=lambda name: variable_of(client, name), refuse=refuse)

    told = dict(body)
    told["parameters"] = fill(body["parameters"], "parameters")
    told["job_variables"] = fill(body["job_variables"], *_JOB_VARIABLES)
    told["schedules"] = [
        {
            **each,
            **(
                {"parameters": fill(each["parameters"], "schedules", place, "parameters")}
                if "parameters" in each
                else {}
            ),
        }
        for place, each in enumerate(body["schedules"])
    ]
    if problems:
        raise DefinitionError(f"{body['name']} cannot be deployed: " + "; ".join(problems))
    return told


def is_open(body: Mapping[str, Any]) -> bool:
    """Whether anything in it is to be filled in."""
    return any(True for _ in _placeholders((body["parameters"], body["job_variables"], body["schedules"])))


def variable_of(client: Client, name: str) -> Any:
    """A variable of the server. Raises KeyError when there is none."""
    try:
        return client.ask("GET", f"/variables/name/{quote(name, safe='')}")["value"]
    except ApiError as error:
        if error.status != 404:
            raise
        raise KeyError(name) from None


def _mapped(value: Any, path: Path, replaced: Callable[[re.Match[str], Path], Any]) -> Any:
    if isinstance(value, Mapping):
        return {key: _mapped(inner, (*path, key), replaced) for key, inner in value.items()}
    if isinstance(value, list):
        return [_mapped(inner, (*path, place), replaced) for place, inner in enumerate(value)]
    if not isinstance(value, str) or "{{" not in value or path[0] in _LITERAL:
        return value
    whole = _PLACEHOLDER.fullmatch(value)
    return replaced(whole, path) if whole else _PLACEHOLDER.sub(lambda found: str(replaced(found, path)), value)


def _value_of(found: re.Match[str], path: Path, variables: Variables, refuse: Refuse) -> Any:
    name = found.group(1)
    if name.startswith("$"):
        value = os.environ.get(name[1:])
        if value is None:
            refuse(f"the environment variable {name[1:]} is not set", *path)
        return value or ""
    variable = _variable_in(name)
    if variable is not None:
        try:
            return variables(variable)
        except KeyError:
            refuse(f"there is no variable {variable!r}", *path)
            return ""
    _known(found, path, refuse)
    return found.group(0)


def _known(found: re.Match[str], path: Path, refuse: Refuse) -> bool:
    name = found.group(1)
    for_the_worker = path[:2] == _JOB_VARIABLES and name.startswith("prefect.blocks.")
    if not (name.startswith("$") or _variable_in(name) or for_the_worker or _LEFT_ALONE in path):
        refuse(f"{found.group(0)} is not known; there are {{{{ $NAME }}}} and {{{{ variables.name }}}}", *path)
    return True


def _variable_in(name: str) -> str | None:
    return next((name.removeprefix(prefix) for prefix in _OF_VARIABLES if name.startswith(prefix)), None)


def _placeholders(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from _placeholders(each)
    elif isinstance(value, str):
        for found in _PLACEHOLDER.finditer(value):
            if found.group(1).startswith("$") or _variable_in(found.group(1)):
                yield found.group(1)
