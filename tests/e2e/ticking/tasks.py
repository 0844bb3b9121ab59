"""A service that writes a line when it begins and when it ends."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from celery import current_task

from orchestrator.periodic import service
from orchestrator.statements.batches import repeat

HOME = Path(os.environ["ORCHESTRATOR_HOME"])
BATCHES, BATCH_SECONDS = 4, 0.1
ENDLESS_SECONDS = 60.0


@service(every_seconds=1, most_seconds=1)
def ticking() -> int:
    """Writes down when it is run."""
    tick = (current_task.request.headers or {}).get("due_at")
    _write("begins", tick)
    left = [BATCHES]

    def batch() -> int:
        time.sleep(BATCH_SECONDS)
        with suppress(FileNotFoundError):
            # Whoever takes this away is to be found in the middle of its work.
            (HOME / "stay").unlink()
            _write("stays", tick)
            time.sleep(ENDLESS_SECONDS)
        left[0] -= 1
        return 1 if left[0] else 0

    count = repeat(batch, seconds=ENDLESS_SECONDS)
    _write("ends", tick)
    return count


def _write(what: str, tick: str | None, **facts: Any) -> None:
    line = {"what": what, "tick": tick, "process": os.getpid(), "at": time.time(), **facts}
    with (HOME / "ticks").open("a") as file:  # whole lines, whoever writes
        file.write(json.dumps(line) + "\n")
