"""Which interpreter has Prefect."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from typing import Any

from orchestrator.worker.surroundings import BadRunSetting

VARIABLE = "ORCHESTRATOR_PREFECT_PYTHON"


def python_with_prefect(variables: dict[str, Any], environ: Mapping[str, str] = os.environ) -> str:
    """The path of an interpreter: the job variable `python`, else what the worker was told, else the worker's own.

    Raises BadRunSetting when there is none, with what to install where.
    """
    for origin, given in (("job variable python", variables.get("python")), (VARIABLE, environ.get(VARIABLE))):
        if given:
            found = shutil.which(os.path.expanduser(str(given)))
            if found is None:
                raise BadRunSetting(f"The {origin} names {given!r}, which is no interpreter on this worker")
            return found
    if _is_installed_here():
        return sys.executable
    raise BadRunSetting(
        "The run's code is written for Prefect, which this worker does not have. On the worker's host, run "
        f"`{shlex.quote(sys.executable)} -m pip install prefect`, or install it into another environment and start the "
        f"worker with {VARIABLE}=<path of its python>; the job variable python does the same for one deployment"
    )


def engine_command(variables: dict[str, Any], python: str) -> list[str]:
    """What starts the engine: the job variable `command`, else Prefect's engine in that interpreter.

    Raises BadRunSetting when the variable cannot be read as a command.
    """
    given = variables.get("command")
    if not given:
        return [python, "-m", "prefect.engine"]
    try:
        command = shlex.split(given)
    except (AttributeError, TypeError, ValueError) as error:
        raise BadRunSetting(f"The job variable command is {given!r}, which is no command: {error}") from None
    if command and command[0] in ("python", "python3"):
        command[0] = python
    if not command or shutil.which(command[0]) is None:
        raise BadRunSetting(f"The job variable command is {given!r}; there is no such program on this worker")
    return command


def _is_installed_here() -> bool:
    try:
        spec = importlib.util.find_spec("prefect")
    except (ImportError, ValueError):
        return False
    return spec is not None and spec.origin is not None  # a mere directory of that name has no origin
