"""Where the server on this machine keeps what the command line needs."""

from __future__ import annotations

from pathlib import Path

from orchestrator.sdk.configuration.profiles import home

__all__ = ["home", "log_file", "migration_stamp", "pid_file"]


def pid_file() -> Path:
    return home() / "server.pid"


def log_file() -> Path:
    return home() / "server.log"


def migration_stamp() -> Path:
    return home() / "migrated"
