"""The process that answers, and the machine it is on."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import sys
import time
from datetime import timedelta

import django
from django.conf import settings

from orchestrator import __version__
from orchestrator.contract.times import now
from orchestrator.dashboard.status.fact import Fact, bytes_words
from orchestrator.live.sockets import open_sockets
from orchestrator.pages.words import duration_words
from orchestrator.web.models import WebPulse
from orchestrator.web.pulse import SILENT_SECONDS

LITTLE_SPACE = 0.1  # of the disk; less that is free is worth saying
_BEGAN = time.monotonic()  # when this process read its code, a moment after it was started
SOCKETS = {"/ws/live": "open page", "/api/logs/out": "reader of logs", "/api/events/out": "reader of events"}


def server_facts() -> list[Fact]:
    """One query."""
    seen = now() - timedelta(seconds=SILENT_SECONDS)
    starts = list(WebPulse.objects.seen_since(seen).order_by("started_at").values_list("started_at", flat=True)[:1_000])
    since = f", the first for {duration_words((now() - starts[0]).total_seconds())}" if starts else ""
    return [
        Fact("Version", __version__),
        Fact("Web processes", f"{len(starts)} up{since}", "" if starts else "None has said of late that it is up."),
        Fact("This process", f"number {os.getpid()}, up for {duration_words(time.monotonic() - _BEGAN)}"),
        Fact("Python", f"{platform.python_version()}, Django {django.get_version()}"),
        Fact("Threads for requests", str(settings.HTTP_THREADS)),
        Fact("Memory", f"{bytes_words(_memory())} in this process"),
        _load(),
        _disk(),
    ]


def socket_facts() -> list[Fact]:
    """Of this process alone."""
    found = open_sockets()
    prefix = settings.FORCE_SCRIPT_NAME or ""
    facts = [
        Fact(path, _counted(count, SOCKETS.get(path.removeprefix(prefix), "socket"))) for path, count in found.items()
    ]
    return facts or [Fact("Sockets", "none is open")]


def _counted(count: int, what: str) -> str:
    """`1 reader of logs`, `2 readers of logs`."""
    noun, of, rest = what.partition(" of ")
    return f"{count} {noun}{'' if count == 1 else 's'}{of}{rest}"


def _memory() -> float:
    """Resident, in bytes. Where the system does not tell, what it was at most."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except (OSError, IndexError, ValueError):
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024


def _load() -> Fact:
    count = os.cpu_count() or 1
    one, five, fifteen = os.getloadavg()
    trouble = "More is to be done than the processors can do." if five > 2 * count else ""
    return Fact("Load", f"{one:.1f}, {five:.1f}, {fifteen:.1f} on {count} processors", trouble)


def _disk() -> Fact:
    usage = shutil.disk_usage(settings.HOME)
    free = usage.free / usage.total
    trouble = "Little space is left." if free < LITTLE_SPACE else ""
    return Fact("Disk", f"{bytes_words(usage.free)} free of {bytes_words(usage.total)} ({free:.0%})", trouble)
