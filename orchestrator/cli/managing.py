"""Management commands of the server, run as a process of their own: the command line knows no Django."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import NoReturn

from orchestrator.cli.places import home
from orchestrator.cli.processes import python_command


def manage(*command: str) -> NoReturn:
    """Run a management command of the server. Ends this process with its exit code."""
    environment = {
        **os.environ,
        "ORCHESTRATOR_HOME": str(home()),
        "DJANGO_SETTINGS_MODULE": "orchestrator.settings",
    }
    sys.exit(subprocess.run(python_command("-m", "django", *command), env=environment, check=False).returncode)
