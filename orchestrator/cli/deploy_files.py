"""A file of deployments: `orchestrator.yaml`, or a `prefect.yaml` as it is, or what `Deployment.to_yaml` wrote.

What one deployment may say stands in `orchestrator/sdk/deployments/files/entries.py`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from orchestrator.cli.exits import USAGE, Ended
from orchestrator.cli.flow_facts import FlowFacts, flow_facts
from orchestrator.sdk.deployments.files.entries import (
    NOT_DONE,
    Declared,
    Problem,
    declared_deployment,
    listed,
)
from orchestrator.sdk.deployments.files.placeholders import Variables
from orchestrator.sdk.deployments.files.reading import literal_deployment
from orchestrator.sdk.deployments.files.yaml_lines import Lines, read_yaml
from orchestrator.sdk.errors import DefinitionError

FILES = ("orchestrator.yaml", "prefect.yaml")  # looked for in this order

_TOP = {"name", "prefect-version", "definitions", "pull", "build", "push", "deployments"}


@dataclass(slots=True)
class Project:
    """What a file says; `name` None is no project.

    `problems` are those of the file itself, which keep all of it from being applied.
    """

    name: str | None
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
    except DefinitionError as error:
        raise Ended(str(error), code=USAGE) from None
    except OSError as error:
        raise Ended(f"{file} cannot be read: {error.strerror}", code=USAGE) from None
    except UnicodeDecodeError:
        raise Ended(f"{file} is no text in UTF-8", code=USAGE) from None
    if "deployments" not in found and "entrypoint" in found:
        # It belongs to no project, so nothing is ever missing from it.
        return Project(None, file, [literal_deployment(found, file=file, facts_of=_facts)])
    directory = os.path.dirname(os.path.abspath(file))
    project = Project(str(found.get("name") or os.path.basename(directory)), file)
    for key in found:
        if key not in _TOP:
            _refuse(project, found, f"this key is not known; those that are: {listed(_TOP)}", key)
    for key in ("build", "push"):
        if found.get(key):
            _refuse(project, found, NOT_DONE[key], key)
    entries = found.get("deployments")
    if not isinstance(entries, list) or not entries:
        _refuse(project, found, "a list of deployments is needed", "deployments")
        return project
    for position in range(len(entries)):
        project.deployments.append(
            declared_deployment(
                found, "deployments", position, file=file, directory=directory, facts_of=_facts, variables=variables
            )
        )
    _refuse_doubles(project)
    return project


def _facts(entrypoint: str, directory: str) -> FlowFacts:
    return flow_facts(entrypoint, directory=directory)


def _refuse_doubles(project: Project) -> None:
    seen: set[str] = set()
    for declared in project.deployments:
        if declared.title in seen:
            declared.refuse(f"{declared.title} is there twice", "name")
        seen.add(declared.title)


def _refuse(project: Project, found: Lines, message: str, key: str) -> None:
    project.problems.append(Problem("", f"{project.file}:{found.line_of(key)}", key, message))
