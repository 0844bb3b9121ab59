"""Whether a run's code is written for Prefect or for us."""

from __future__ import annotations

import ast
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from typing import Any

from orchestrator.worker.surroundings import BadRunSetting

OUR_LABEL = "orchestrator.sdk"  # our SDK puts it on the deployments that it makes


class Engine(StrEnum):
    """What executes a run; also the values of the job variable `engine`."""

    ORCHESTRATOR = "orchestrator"
    PREFECT = "prefect"


def engine_of(deployment: dict[str, Any], variables: dict[str, Any], read_code: Callable[[], str | None]) -> Engine:
    """What executes runs of this deployment.

    The job variable `engine` decides, then the mark of our SDK, then what the flow's file imports. `read_code` is asked
    last: it gives the text of that file, None when it cannot be seen. Raises BadRunSetting for an unknown `engine`.
    """
    given = variables.get("engine")
    if given not in (None, ""):
        try:
            return Engine(given)
        except ValueError:
            raise BadRunSetting(
                f"The job variable engine is {given!r}; it can be 'prefect', 'orchestrator' or be left out"
            ) from None
    if OUR_LABEL in (deployment.get("labels") or {}):
        return Engine.ORCHESTRATOR
    if not deployment.get("entrypoint"):
        return Engine.ORCHESTRATOR  # which says that there is no code
    code = read_code()
    found = engine_of_code(code) if code is not None else None
    if found is not None:
        return found
    # Our SDK marks what it makes, and nobody else's client leaves its code to steps.
    return Engine.PREFECT if deployment.get("pull_steps") else Engine.ORCHESTRATOR


@lru_cache(maxsize=32)  # a warm process executes the same few files again and again
def engine_of_code(code: str) -> Engine | None:
    """By the imports anywhere in a Python file; None when they say nothing, or it is no Python."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError):
        return None
    flows_from: set[str] = set()  # where the name `flow` comes from
    packages: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            packages |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            package = node.module.partition(".")[0]
            packages.add(package)
            if any(alias.name == "flow" for alias in node.names):
                flows_from.add(package)
    for imported in (flows_from, packages):
        found = [engine for engine in Engine if engine in imported]
        if len(found) == 1:
            return found[0]
    return Engine.ORCHESTRATOR if Engine.ORCHESTRATOR in packages else None
