"""Management commands of the server, run as a process of their own: the command line knows no Django."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import NoReturn

from orchestrator.cli.exits import Ended
from orchestrator.cli.places import home
from orchestrator.cli.processes import python_command


def manage(*command: str) -> NoReturn:
    """Run a management command of the server. Ends this process with its exit code."""
    sys.exit(subprocess.run(_command(command), env=_environment(), check=False).returncode)


def ask_manage(*command: str) -> str:
    """What a management command of the server prints. Raises Ended with what it says when it fails."""
    done = subprocess.run(_command(command), env=_environment(), check=False, capture_output=True)
    if done.returncode:
        last_line = (done.stderr.decode(errors="replace").strip().splitlines() or ["it gave no reason"])[-1]
        raise Ended(last_line.removeprefix("CommandError: "))
    return done.stdout.decode()


def _command(words: tuple[str, ...]) -> list[str]:
    return python_command("-m", "django", *words)


def _environment() -> dict[str, str]:
    return {
        **os.environ,
        "ORCHESTRATOR_HOME": str(home()),
        "DJANGO_SETTINGS_MODULE": "orchestrator.settings",
    }
