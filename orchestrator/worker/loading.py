"""The code of a run, loaded; and why it could not be."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.sdk.errors import RunStopped
from orchestrator.sdk.flows.loading import opened_flow
from orchestrator.worker.code.source import file_of_entrypoint
from orchestrator.worker.surroundings import BadRunSetting

if TYPE_CHECKING:
    from orchestrator.sdk.flows.flow import Flow


@contextmanager
def flow_of_run(
    entrypoint: str | None, *, directory: Path, soft_limit_seconds: float | None
) -> Iterator[Flow[Any, Any]]:
    """The deployment's flow, as its file is now, to be ended after `soft_limit_seconds` (None: whenever it ends).

    Raises BadRunSetting when there is none.
    """
    if not entrypoint:
        raise BadRunSetting("The run's deployment has no entrypoint, so there is no code to run")
    with ExitStack() as stack:
        try:
            flow = stack.enter_context(opened_flow(_with_file(entrypoint, directory), directory=str(directory)))
        except RunStopped:
            raise
        except BaseException as error:
            # An author's file may raise anything when it is imported, `sys.exit()` included; all of it ends the run.
            raise BadRunSetting(_why_not_loaded(entrypoint, directory, error)) from error
        if soft_limit_seconds is not None:
            flow = flow.with_options(
                timeout_seconds=min(soft_limit_seconds, flow.timeout_seconds or soft_limit_seconds)
            )
        yield flow


def _with_file(entrypoint: str, directory: Path) -> str:
    """`package.module.flow` is written as `package/module.py:flow` when that file is there."""
    if ":" in entrypoint:
        return entrypoint
    file = file_of_entrypoint(entrypoint, directory)
    return entrypoint if file is None else f"{file}:{entrypoint.rpartition('.')[2]}"


def _why_not_loaded(entrypoint: str, directory: Path, error: BaseException) -> str:
    """What went wrong and where: the last line of the author's code that was reached."""
    what = "".join(traceback.format_exception_only(type(error), error)).strip()
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if str(directory) in frame.filename]
    where = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"The flow {entrypoint!r} could not be loaded from {directory}{where}: {what}"
