"""What a freshly forked child does before its first run."""

from __future__ import annotations

import logging
import os
import sys
from typing import TextIO

from orchestrator.sdk.processes.child_processes import die_with_parent
from orchestrator.sdk.recording import logs
from orchestrator.worker.output import private_stderr
from orchestrator.worker.stopping import ORPHAN_SIGNAL

worker_log: TextIO | None = None  # of this child, once it is prepared

# Loaded by the worker before it forks, so that no run waits for an import.
WARM_MODULES = (
    "asyncio",
    "concurrent.futures",
    "email.parser",
    "http.client",
    "inspect",
    "orchestrator.sdk.api.client",
    "orchestrator.sdk.flows.claimed_runs",
    "orchestrator.sdk.flows.flow",
    "orchestrator.sdk.dependencies.futures",
    "orchestrator.sdk.flows.loading",
    "orchestrator.sdk.recording.logs",
    "orchestrator.sdk.outcomes.states",
    "orchestrator.sdk.tasks.task",
)


def prepare_child(worker: int) -> None:
    """Make this process the leader of its own group, tie its life to that of the worker, and set its log up."""
    os.setpgid(0, 0)  # so that a kill reaches what the run started, and Ctrl-C in a terminal reaches the worker alone
    die_with_parent(worker, ORPHAN_SIGNAL)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(line_buffering=True)
    global worker_log
    worker_log = private_stderr()
    set_up_run_log(worker_log)


def set_up_run_log(stream: TextIO) -> None:
    """Send what runs log to the server, and to `stream`, the worker's own output.

    Not through descriptor 2: that is captured during a run, and everything would arrive twice.
    """
    logs.configure(console=False)
    for handler in logging.root.handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(stream)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(RunLogFormatter())
    logging.getLogger("orchestrator").addHandler(handler)


class RunLogFormatter(logging.Formatter):
    """`14:03:22.123 | INFO    | Flow run 'amber-dove' - …`"""

    default_time_format = "%H:%M:%S"
    default_msec_format = "%s.%03d"

    def __init__(self) -> None:
        super().__init__("{asctime} | {levelname:<7} | {label}{message}", style="{")

    def format(self, record: logging.LogRecord) -> str:
        label = getattr(record, "run_label", None)
        record.label = f"{label} - " if label else ""
        return super().format(record)
