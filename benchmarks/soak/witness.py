"""What happened, told to a file and not to the server: one line of JSON for each thing, appended in one write.

Flows, scripts and whoever asks for runs tell it; the judge compares it with what the server has. Standard library only,
because flows import it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILE = "SOAK_WITNESS"  # the path, in the environment of every process that tells something
WHO = "SOAK_WHO"  # the life of a worker: it changes with every start, so that a kill is known by it


def tell(what: str, **facts: Any) -> None:
    """`facts` are JSON values. Other processes append to the same file meanwhile."""
    facts |= {"what": what, "at": time.time(), "who": os.environ.get(WHO, "")}
    descriptor = os.open(os.environ[FILE], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, json.dumps(facts).encode() + b"\n")
    finally:
        os.close(descriptor)


def told(file: Path) -> Iterator[dict[str, Any]]:
    """In the order in which it was told."""
    if file.exists():
        with file.open() as lines:
            yield from map(json.loads, lines)
