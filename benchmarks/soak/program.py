"""A script of a user, beside workers: its flows record themselves, and wait on disk while the server is away.

    python -m benchmarks.soak.program NAME SECONDS PAUSE

makes runs for that long, with PAUSE seconds between two, and emits numbered events. Ends with 1 when a run failed.
"""

from __future__ import annotations

import sys
import time

from benchmarks.soak import witness
from benchmarks.soak.flows import execution, step
from orchestrator import emit_event, flow

COUNTED = "soak.counted"


@flow
def records() -> None:
    with execution() as number:
        for each in range(5):
            step(number, each)
        step.map(number, range(5)).wait()


def main(name: str, seconds: str, pause: str) -> None:
    until = time.monotonic() + float(seconds)
    while time.monotonic() < until:
        records()
        event = emit_event(COUNTED, resource={"prefect.resource.id": f"soak.program.{name}"})
        witness.tell("counts", event=str(event.id))
        time.sleep(float(pause))


if __name__ == "__main__":
    main(*sys.argv[1:])
