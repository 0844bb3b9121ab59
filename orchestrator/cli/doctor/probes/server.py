"""The server's side, asked by a management command: the command line itself knows no Django and no database."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.cli.managing import management_command, management_environment, reason_of_failure
from orchestrator.cli.pidfile import Running
from orchestrator.cli.processes import children_of

_OURS = ("DATABASE_URL", "REDIS_URL")
_PREFIX = "ORCHESTRATOR_"
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Server:
    """`facts` None: there is a server's side here, and it could not be asked because of `trouble`."""

    facts: Mapping[str, Any] | None
    trouble: str | None = None


def is_server_side(home: Path, environment: Mapping[str, str], running: Running | None) -> bool:
    """Whether a server lives here: it runs, it ran, or its database is named."""
    return running is not None or bool(environment.get("DATABASE_URL")) or (home / "orchestrator.db").exists()


def environment_of(running: Running | None) -> dict[str, str]:
    """What the server that runs was told, which this shell may not know; else what this shell says."""
    environment = dict(os.environ)
    told = _told(running) if running is not None else None
    if told is None:
        return environment
    kept = {name: value for name, value in environment.items() if not _is_ours(name)}
    return kept | {name: value for name, value in told.items() if _is_ours(name)}


def _told(running: Running) -> dict[str, str] | None:
    """The environment of its web process, else of the supervisor, which tells its children more than it was told.

    None for another user's server, or on a system without /proc.
    """
    for pid in (*_web_processes(running.pid), running.pid):
        with suppress(OSError):
            lines = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0")
            return {"ORCHESTRATOR_PUBLIC_URL": running.url} | dict(line.split("=", 1) for line in lines if "=" in line)
    return None


def _web_processes(pid: int) -> Iterator[int]:
    for child in children_of(pid):
        with suppress(OSError):
            if b"orchestrator.web.serve" in Path(f"/proc/{child}/cmdline").read_bytes():
                yield child


def look_at_server(home: Path, environment: Mapping[str, str]) -> Server:
    command = management_command("set_up_facts")
    child = management_environment(environment, directory=home)
    try:
        done = subprocess.run(command, env=child, check=False, capture_output=True, timeout=PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        return Server(None, f"it did not answer within {PATIENCE_SECONDS:g} seconds")
    if done.returncode:
        return Server(None, reason_of_failure(done.stderr))
    return Server(json.loads(done.stdout))


def _is_ours(name: str) -> bool:
    return name.startswith(_PREFIX) or name in _OURS
