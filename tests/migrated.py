"""A SQLite file that has had every migration. It is made once for each process of tests; each system gets a copy."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

_FILES = ("orchestrator.db", "migrated")  # the second says what the first has had, so that a start need not look
_REMEMBER = "from orchestrator.cli.migrating import remember_up_to_date as remember; remember(None)"


def put_migrated_database(home: Path) -> None:
    """For those who test what comes after. Without it the first start makes the database, which takes seconds."""
    if not (home / _FILES[0]).exists():
        for name in _FILES:
            shutil.copy(_template() / name, home / name)


@cache
def _template() -> Path:
    home = Path(tempfile.mkdtemp(prefix="migrated-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("ORCHESTRATOR_", "DATABASE"))
    }
    environment |= {"ORCHESTRATOR_HOME": str(home), "DJANGO_SETTINGS_MODULE": "orchestrator.settings"}
    for program in (["-m", "django", "migrate", "--skip-checks", "--verbosity", "0"], ["-c", _REMEMBER]):
        subprocess.run([sys.executable, *program], env=environment, check=True)
    return home
