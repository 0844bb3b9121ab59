"""A deployment out of a YAML file."""

from __future__ import annotations

import os
from typing import Any

from orchestrator.sdk.deployments.files.entries import Declared, FactsOf, declared_deployment
from orchestrator.sdk.deployments.files.flow_facts import FlowFacts, loaded_facts
from orchestrator.sdk.deployments.files.placeholders import is_open, variable_of
from orchestrator.sdk.deployments.files.yaml_lines import Lines, read_yaml
from orchestrator.sdk.errors import DefinitionError

# How the keys of the pool are spelled by older files, beside the work pool instead of in it.
_POOL_SPELLINGS = {
    "work_pool_name": "name",
    "work_queue_name": "work_queue_name",
    "job_variables": "job_variables",
    "infra_overrides": "job_variables",
}


def read_body(path: str, *, name: str | None = None) -> dict[str, Any]:
    """What the file says of the deployment, as the API takes it, with the key `flow_name` beside it.

    With `is_open` True there is also something that is to be filled in before the deployment is made.
    Raises DefinitionError, which names every problem with its line and key.
    """
    found = _read(path)
    directory = os.path.dirname(os.path.abspath(path))
    keys: tuple[str | int, ...] = ()
    literal = "deployments" not in found
    if literal:
        declared = literal_deployment(found, file=path, facts_of=_facts)
    else:
        keys = ("deployments", _position(found, path, name))
        declared = declared_deployment(
            found,
            *keys,
            file=path,
            directory=directory,
            facts_of=_facts,
            variables=_variable,
            keeps_open=True,
        )
    if literal and name is not None and name not in (declared.title, declared.body.get("name")):
        declared.refuse(f"the deployment in this file is called {declared.title}, not {name}", "name")
    if declared.problems:
        raise DefinitionError(_said(declared))
    entry = found["deployments"][keys[1]] if keys else found
    if entry.get("catch_up") is None:
        del declared.body["catch_up"]  # not said: left as it is
    return {**declared.body, "is_open": not literal and is_open(declared.body)}


def literal_deployment(found: Lines, *, file: str, facts_of: FactsOf) -> Declared:
    """The deployment of a file that holds one and nothing else, as `to_yaml` writes it.

    Its texts are taken as they are. Older spellings of its keys are understood, and no pool is none.
    """
    twice = _spell_as_today(found)
    declared = declared_deployment(
        found,
        file=file,
        directory=os.path.dirname(os.path.abspath(file)),
        facts_of=facts_of,
        variables=None,
        default_pool=None,
    )
    for key, also in twice:
        declared.refuse(f"{key} and {also} are the same, and differ", key)
    return declared


def _read(path: str) -> Lines:
    try:
        with open(path, encoding="utf-8") as file:
            return read_yaml(file.read(), file=path)
    except OSError as error:
        raise DefinitionError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise DefinitionError(f"{path} is no text in UTF-8") from None


def _position(found: Lines, path: str, name: str | None) -> int:
    """Where the wanted deployment stands in the list."""
    entries = found.get("deployments")
    if not isinstance(entries, list) or not entries:
        raise DefinitionError(f"{path}:{found.line_of('deployments')} deployments: a list of deployments is needed")
    named = [str(each.get("name")) if isinstance(each, Lines) else "" for each in entries]
    there = ", ".join(each for each in named if each)
    if name is None:
        if len(entries) > 1:
            raise DefinitionError(f"{path} has several deployments; say which with name=: {there}")
        return 0
    wanted = [place for place, each in enumerate(named) if each and each in (name, name.partition("/")[2])]
    if len(wanted) > 1:
        of_flow = [place for place in wanted if entries[place].get("flow_name") == name.partition("/")[0]]
        wanted = of_flow if len(of_flow) == 1 else wanted
    if len(wanted) != 1:
        said = f"{len(wanted)} deployments" if wanted else "no deployment"
        raise DefinitionError(f"{path} has {said} {name!r}; it has {there}")
    return wanted[0]


def _spell_as_today(found: Lines) -> list[tuple[str, str]]:
    """Gives the pairs of keys that say the same twice, and not alike."""
    twice = []
    for key, inner in _POOL_SPELLINGS.items():
        if key in found:
            pool = found.setdefault("work_pool", Lines())
            if isinstance(pool, Lines):
                told = found.pop(key)
                pool.lines.setdefault(inner, found.lines[key])
                if pool.setdefault(inner, told) != told:
                    twice.append((f"work_pool.{inner}", key))
    if "pull_steps" in found:
        told = found.pop("pull_steps")
        found.lines.setdefault("pull", found.lines["pull_steps"])
        if found.setdefault("pull", told) != told:
            twice.append(("pull", "pull_steps"))
    if isinstance(found.get("is_schedule_active"), bool):
        paused = not found.pop("is_schedule_active")
        found.lines.setdefault("paused", found.lines["is_schedule_active"])
        if found.setdefault("paused", paused) != paused:
            twice.append(("paused", "is_schedule_active"))
    return twice


def _facts(entrypoint: str, directory: str) -> FlowFacts:
    return loaded_facts(entrypoint, directory=directory)


def _variable(name: str) -> Any:
    """Raises KeyError when there is none, and MissingContext without a server."""
    from orchestrator.sdk.deployments.flow_deployment import needed_server

    return variable_of(needed_server(), name)


def _said(declared: Declared) -> str:
    return "\n".join(str(problem) for problem in declared.problems)
