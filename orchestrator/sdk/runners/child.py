"""What a process of ProcessPoolTaskRunner does: execute what comes through one pipe, and answer through another."""

from __future__ import annotations

import os
import pickle
import signal
import sys
from typing import BinaryIO

from orchestrator.sdk.processes.child_processes import die_with_parent
from orchestrator.sdk.runners.abroad import execute_parcel, failed_reply
from orchestrator.sdk.runners.processes import read_frame, write_frame


def main(requests: BinaryIO, replies: BinaryIO) -> None:
    """Until nothing more can come. The first frame says what this process shall look like."""
    first = read_frame(requests)
    if first is None:
        return
    own = pickle.loads(first)
    os.environ.clear()
    os.environ.update(own["environment"])
    sys.path[:], sys.argv[:] = own["path"], own["arguments"]
    while (parcel := read_frame(requests)) is not None:
        try:
            reply = execute_parcel(parcel)
        except Exception as error:  # noqa: BLE001 - what was sent cannot be opened here
            reply = failed_reply(error)
        write_frame(replies, reply)


if __name__ == "__main__":
    parent, comes, goes = map(int, sys.argv[1:])
    die_with_parent(parent)
    # The flow's process hears the keyboard, and decides what becomes of its tasks.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with os.fdopen(comes, "rb") as coming, os.fdopen(goes, "wb", buffering=0) as going:
        main(coming, going)
