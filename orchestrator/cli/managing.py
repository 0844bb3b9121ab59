"""Management commands of the server, run as a process of their own: the command line knows no Django."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from orchestrator.cli.exits import Ended
from orchestrator.cli.places import home
from orchestrator.cli.processes import python_command


def manage(*command: str) -> NoReturn:
    """Run a management command of the server. Ends this process with its exit code."""
    sys.exit(subprocess.run(management_command(*command), env=management_environment(), check=False).returncode)


def ask_manage(*command: str) -> str:
    """What a management command of the server prints. Raises Ended with what it says when it fails."""
    done = subprocess.run(management_command(*command), env=management_environment(), check=False, capture_output=True)
    if done.returncode:
        raise Ended(reason_of_failure(done.stderr))
    return done.stdout.decode()


def management_command(*words: str) -> list[str]:
    """The command line that runs it; wants `management_environment`."""
    return python_command("-m", "django", *words)


def management_environment(
    environment: Mapping[str, str] = os.environ, *, directory: Path | None = None
) -> dict[str, str]:
    """The environment with what tells Django whose server it is. `directory` is the data directory, None this one's."""
    return {
        **environment,
        "ORCHESTRATOR_HOME": str(directory or home()),
        "DJANGO_SETTINGS_MODULE": "orchestrator.settings",
    }


def reason_of_failure(errors: bytes) -> str:
    """The last line that a management command wrote to standard error."""
    last_line = (errors.decode(errors="replace").strip().splitlines() or ["it gave no reason"])[-1]
    return last_line.removeprefix("CommandError: ")
