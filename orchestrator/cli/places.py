"""Where the server on this machine keeps what the command line needs."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """The data directory: ORCHESTRATOR_HOME, or `~/.orchestrator`."""
    return Path(os.environ.get("ORCHESTRATOR_HOME", "").strip() or "~/.orchestrator").expanduser().resolve()


def pid_file() -> Path:
    return home() / "server.pid"


def log_file() -> Path:
    return home() / "server.log"


def migration_stamp() -> Path:
    return home() / "migrated"
