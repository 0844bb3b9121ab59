"""Everything that the SDK raises by itself.

OrchestratorError
├── ServerUnreachable
├── ApiError
├── RunError
│   ├── FailedRun
│   ├── CrashedRun
│   ├── CancelledRun
│   ├── UnfinishedRun
│   ├── RefusedRun
│   └── UpstreamFailed
├── MissingResult
├── MissingContext
├── FlowRunEnded
├── TimeLimitExceeded (also TimeoutError)
│   ├── FlowTimeout
│   └── TaskTimeout
├── WaitTimeout (also TimeoutError)
├── ParameterBindError (also TypeError)
├── ReservedParameter (also TypeError)
├── MappingError (also ValueError)
├── RunNameError (also ValueError)
├── DeploymentError (also ValueError)
├── SettingError (also ValueError)
│   └── ProfileError
└── FlowNotFound

RunStopped (BaseException)
├── RunCancelled
│   └── ClaimLost
└── RunAbandoned

ProcessTerminated (SystemExit)

The RunStopped branch is kept apart from Exception, so that `except Exception` in a flow does not swallow a stop.
"""

from __future__ import annotations

import time
from typing import Any


class OrchestratorError(Exception):
    """The root of all errors that a caller may want to catch."""


class ServerUnreachable(OrchestratorError):
    """The API did not answer although it was asked for as long as the caller was willing to wait."""


class ApiError(OrchestratorError):
    """The API answered with an error; `status` is its HTTP status and `body` what it said."""

    def __init__(self, message: str, *, status: int, body: Any = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = body


class RunError(OrchestratorError):
    """A run has no result to give; `state` is the state that says why."""

    def __init__(self, message: str, *, state: Any = None) -> None:
        super().__init__(message)
        self.state = state


class FailedRun(RunError):
    """The run ended as FAILED and no exception object is at hand to raise instead."""


class CrashedRun(RunError):
    """What executed the run went away before the run could end."""


class CancelledRun(RunError):
    """The run was ended on request."""


class UnfinishedRun(RunError):
    """The run has not ended yet."""


class RefusedRun(RunError):
    """The server did not let the run begin."""


class UpstreamFailed(RunError):
    """A task was not run because something it depends on did not complete."""


class MissingResult(OrchestratorError):
    """The run completed, but its result is not in this process and was not stored."""


class MissingContext(OrchestratorError):
    """Something that only makes sense inside a run was called outside of one."""


class FlowRunEnded(OrchestratorError):
    """A task was called for a flow run that is already over, for instance from a thread that outlived a time limit."""


class TimeLimitExceeded(OrchestratorError, TimeoutError):
    """A run did not end within its `timeout_seconds`."""


class FlowTimeout(TimeLimitExceeded):
    """A flow did not end within its `timeout_seconds`."""


class TaskTimeout(TimeLimitExceeded):
    """A task did not end within its `timeout_seconds`."""


class WaitTimeout(OrchestratorError, TimeoutError):
    """Waiting for a run took longer than the caller allowed; the run itself goes on."""


class ParameterBindError(OrchestratorError, TypeError):
    """The arguments do not fit the function's signature."""


class ReservedParameter(OrchestratorError, TypeError):
    """A flow or task function has a parameter whose name means something to the call itself."""


class MappingError(OrchestratorError, ValueError):
    """`.map()` got nothing to iterate over, or iterables of different lengths."""


class RunNameError(OrchestratorError, ValueError):
    """A run-name template cannot be filled from the run's parameters."""


class DeploymentError(OrchestratorError, ValueError):
    """A deployment cannot be made of what was given; the message says which part, and why."""


class SettingError(OrchestratorError, ValueError):
    """A setting has a value that cannot be used; the message names it."""


class ProfileError(SettingError):
    """`profiles.toml` cannot be read, or has no profile of the name that was asked for."""


class FlowNotFound(OrchestratorError):
    """An entrypoint does not lead to a flow."""


class RunStopped(BaseException):
    """Raised inside a run's own code to end it from outside."""

    def __init__(self, reason: str = "The run was stopped.") -> None:
        super().__init__(reason)
        self.reason = reason


class RunCancelled(RunStopped):
    """Somebody asked for the run to be cancelled; it ends as CANCELLED."""

    def __init__(self, reason: str = "The run was cancelled.") -> None:
        super().__init__(reason)
        self.asked_at = time.monotonic()

    def how_it_stopped(self) -> str:
        """The reason, and how long the run took to stop, up to now."""
        return f"{self.reason.rstrip('.')}; it stopped by itself after {time.monotonic() - self.asked_at:.1f} seconds."


class ClaimLost(RunCancelled):
    """Another worker owns the run now: stop at once and say nothing more about it."""


class RunAbandoned(RunStopped):
    """The run exceeded its time limit; nobody waits for this thread any more."""


class ProcessTerminated(SystemExit):
    """SIGTERM came while a flow ran; `code` is the exit code that a shell gives a process that died of it."""
