"""Stopping a run that this process executes, from another thread."""

from __future__ import annotations

import threading
import time
from typing import Any

from orchestrator.sdk.engine.stopping import stop_run
from orchestrator.sdk.errors import RunStopped
from tests.waiting import eventually


def stop_soon(run: dict[str, Any], stop: RunStopped, *, after: float = 0.2) -> threading.Thread:
    """Stop the run of a fake server once it has been Running for so many seconds."""

    def tell() -> None:
        eventually(lambda: run["state"]["name"] == "Running", seconds=60)
        time.sleep(after)
        eventually(lambda: stop_run(run["id"], stop), seconds=60)

    thread = threading.Thread(target=tell, name="stops-soon", daemon=True)
    thread.start()
    return thread
