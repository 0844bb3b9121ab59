"""Errors in words, for state messages."""

from __future__ import annotations

import os
from typing import Any

from orchestrator.sdk.errors import ProcessTerminated, RunStopped

_OWN_DIRECTORY = os.path.dirname(os.path.abspath(__file__))


def describe_error(what: str, error: BaseException) -> str:
    """`Flow run failed with ValueError: too small`."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - the author's own __str__; the run must end all the same
        text = "(its text cannot be read)"
    return f"{what} failed with {type(error).__name__}" + (f": {text}" if text else "")


def describe_crash(error: BaseException) -> str:
    """Why the run could not end by itself."""
    if isinstance(error, KeyboardInterrupt):
        return "The run was interrupted from the keyboard (KeyboardInterrupt)."
    if isinstance(error, ProcessTerminated):
        return "The process that executed the run was told to end (SIGTERM)."
    if isinstance(error, SystemExit):
        return f"The run's code left the process (SystemExit, code {error.code})."
    if type(error).__name__ == "CancelledError":
        return "The asyncio task of the run was cancelled (CancelledError)."
    if isinstance(error, RunStopped):
        return error.reason
    if isinstance(error, GeneratorExit):
        return "The run was left before it could end (GeneratorExit)."
    return describe_error("The run", error)


def own_frames_removed(error: BaseException) -> None:
    """Let the traceback begin in the author's code instead of the engine's."""
    traceback: Any = error.__traceback__
    while traceback is not None and _is_own(traceback.tb_frame.f_code.co_filename):
        traceback = traceback.tb_next
    if traceback is not None:
        error.__traceback__ = traceback


def _is_own(filename: str) -> bool:
    return os.path.abspath(filename).startswith(_OWN_DIRECTORY + os.sep)
