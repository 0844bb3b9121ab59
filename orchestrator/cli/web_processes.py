"""How many processes answer requests, and how each is started. One of them is one thread's worth of processor."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.cli.checks import CannotStart
from orchestrator.cli.processes import Program, python_command

MOST_BY_ITSELF = 4


@dataclass(frozen=True, slots=True)
class Sharing:
    """What web processes have in common, as descriptors that they inherit."""

    listener: int
    loads: int  # of a file in which each counts its connections
    processes: int


def how_many(wanted: int | None, environment: Mapping[str, str]) -> int:
    """As many as are wanted; None: one for each core, where the database and the broker serve several.

    Raises CannotStart when they do not.
    """
    lacking = []
    if not environment.get("DATABASE_URL", "").strip().startswith(("postgres://", "postgresql://")):
        lacking.append("DATABASE_URL=postgres://…")
    if not environment.get("REDIS_URL", "").strip():
        lacking.append("REDIS_URL=redis://…")
    if not lacking:
        return wanted or min(_cores(), MOST_BY_ITSELF)
    if wanted is not None and wanted > 1:
        raise CannotStart(
            f"{wanted} web processes need PostgreSQL and Redis: set {' and '.join(lacking)}, "
            "or start one with --web-processes 1."
        )
    return 1


def web_programs(sharing: Sharing, environment: Mapping[str, str], *, makes_database: bool = False) -> list[Program]:
    """They are called `web`, or `web-1`, `web-2`, … where there are several. The first may be told to make the database
    before it answers."""
    return [
        _web_program(number, sharing, environment, makes_database=makes_database and number == 0)
        for number in range(sharing.processes)
    ]


def _web_program(number: int, sharing: Sharing, environment: Mapping[str, str], *, makes_database: bool) -> Program:
    options, descriptors = ["--fd", str(sharing.listener)], [sharing.listener]
    if makes_database:
        options.append("--migrate")
    if sharing.processes > 1:
        options += ["--loads-fd", str(sharing.loads), "--number", str(number)]
        descriptors.append(sharing.loads)
    return Program(
        name=f"web-{number + 1}" if sharing.processes > 1 else "web",
        command=python_command("-m", "orchestrator.web.serve", *options),
        environment=environment,
        stop_signals=((signal.SIGTERM, 10.0),),  # it ends requests that are under way and stores what it accepted
        pass_fds=descriptors,
        serves_others=True,
    )


def _cores() -> int:
    """Those that this process may use, where the system tells."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
