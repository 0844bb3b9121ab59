"""Gives a run back as soon as the process that executed it is dead, and not before.

A process that gives its own run up is still there when the run begins elsewhere. So it leaves that to a fresh process,
which waits for its end. Run as `python -m orchestrator.worker.undertaker`, with a Burial as JSON on standard input.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass

from orchestrator.sdk.errors import OrchestratorError
from orchestrator.worker.api import Access
from orchestrator.worker.claims import release_claim
from orchestrator.worker.process_tree import ATTEMPT_VARIABLE

_SECONDS_TO_COME = 3.0  # for the undertaker to be there; without it the lease ends by itself
_SECONDS_TO_DIE = 15.0
_SECONDS_TO_TELL = 2.0
_LOOK_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Burial:
    """Whose end is waited for, and what the server is told then."""

    process_id: int
    claim_id: str
    reason: str
    access: Access


def call_undertaker(burial: Burial) -> None:
    """Returns when somebody waits for the end of the process. Nobody does when none could be started.

    It belongs to no run: what ends the run's processes must not end it.
    """
    environment = {name: value for name, value in os.environ.items() if name != ATTEMPT_VARIABLE}
    command = [sys.executable, "-P", "-m", "orchestrator.worker.undertaker"]
    with suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(
            command,
            input=json.dumps(asdict(burial)).encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
            timeout=_SECONDS_TO_COME,
            check=False,
        )


def main() -> None:
    told = json.load(sys.stdin)
    burial = Burial(**{**told, "access": Access(**told["access"])})
    descriptor = _watched(burial.process_id)
    if os.fork():
        os._exit(0)  # the one who called may go on now, and this process is none of its children any more
    if not _ends(burial.process_id, descriptor, _SECONDS_TO_DIE):
        return
    client = burial.access.client(timeout_seconds=_SECONDS_TO_TELL)
    with suppress(OrchestratorError):
        release_claim(client, burial.claim_id, reason=burial.reason, patience_seconds=_SECONDS_TO_TELL)


def _watched(process_id: int) -> int | None:
    """A descriptor that tells of the end of this very process, whoever has its number later. Linux only."""
    return os.pidfd_open(process_id) if sys.platform == "linux" else None


def _ends(process_id: int, descriptor: int | None, seconds: float) -> bool:
    """Whether it ends within that time."""
    if descriptor is not None:
        return bool(select.select([descriptor], [], [], seconds)[0])
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            os.kill(process_id, 0)
        except OSError:
            return True
        time.sleep(_LOOK_SECONDS)
    return False


if __name__ == "__main__":
    main()
