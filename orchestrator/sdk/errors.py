"""Everything that the SDK raises by itself.

OrchestratorError
├── ServerUnreachable
├── SocketLost (also ConnectionError)
├── SocketRefused
├── ApiError
│   ├── ObjectNotFound
│   └── ObjectAlreadyExists
├── RunError
│   ├── FailedRun
│   ├── CrashedRun
│   ├── CancelledRun
│   ├── UnfinishedRun
│   │   └── PausedRun
│   ├── RefusedRun
│   └── UpstreamFailed
├── MissingResult
├── StateError (also ValueError)
├── ResultNotSerializable
├── ResultStorageError
├── UnhashableValue
├── TransactionError (also ValueError)
├── MissingContext (also RuntimeError)
├── MissingExtra (also ImportError)
├── FlowRunEnded
├── PauseRefused (also RuntimeError)
├── NotPausedFlowRun
├── InputRefused (also ValueError)
├── TimeLimitExceeded (also TimeoutError)
│   ├── FlowTimeout
│   └── TaskTimeout
├── WaitTimeout (also TimeoutError)
├── FlowPauseTimeout (also TimeoutError)
├── ParameterBindError (also TypeError)
├── ParameterTypeError (also TypeError)
├── ReservedParameter (also TypeError)
├── MappingError (also ValueError)
│   ├── MappingLengthMismatch
│   └── MappingMissingIterable
├── RunNameError (also ValueError)
├── TaskNotSendable
├── DeploymentError (also ValueError)
│   ├── DefinitionError
│   └── DeploymentNotFound (also ObjectNotFound)
├── BuildError (also ValueError)
├── SourceUnavailable
├── EventError (also ValueError)
├── ArtifactError (also ValueError)
├── AssetError (also ValueError)
├── VariableError (also ValueError)
│   └── VariableExists
├── BlockError (also ValueError)
│   ├── BlockNotFound
│   ├── BlockExists
│   ├── BlockNotSaved
│   └── UnknownBlockType
├── WebRequestError (also ValueError)
├── NotificationError
├── SlotsUnavailable
│   └── SlotsTimeout (also TimeoutError)
├── LeaseLost
├── FilterError (also ValueError)
├── SettingError (also ValueError)
│   └── ProfileError
├── TaskServingError (also ValueError)
├── ShellOptionError (also ValueError)
├── ShellNotStarted (also RuntimeError)
├── ShellCommandFailed (also RuntimeError)
└── FlowNotFound

RunStopped (BaseException)
├── RunSuspended
├── RunCancelled
│   └── ClaimLost
└── RunAbandoned

ProcessTerminated (SystemExit)

The RunStopped branch is kept apart from Exception, so that `except Exception` in a flow does not swallow a stop.
"""

from __future__ import annotations

import json
import time
from typing import Any, NamedTuple


class OrchestratorError(Exception):
    """The root of all errors that a caller may want to catch."""


class ServerUnreachable(OrchestratorError):
    """The API did not answer although it was asked for as long as the caller was willing to wait.

    `is_busy`: it did answer, but only that it has no time.
    """

    def __init__(self, message: str = "", *, is_busy: bool = False) -> None:
        super().__init__(message)
        self.is_busy = is_busy


class SocketLost(OrchestratorError, ConnectionError):
    """A websocket of the API could not be opened, or broke; it may be there again later."""


class SocketRefused(OrchestratorError):
    """The server does not have such a websocket, or does not want this client there."""


class ApiError(OrchestratorError):
    """The API answered with an error; `status` is its HTTP status and `body` what it said.

    `retry_after_seconds` is when it wants to be asked again; None when it did not say. A `status` of 0 stands
    only while a pickle is read.
    """

    def __init__(
        self, message: str, *, status: int = 0, body: Any = None, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = body
        self.retry_after_seconds = retry_after_seconds

    @property
    def response(self) -> ApiAnswer:
        """What the API answered, as HTTP libraries show it: `error.response.status_code`, `.json()`, `.text`."""
        return ApiAnswer(self.status, self.body)

    def is_about_unknown(self, field: str) -> bool:
        """Whether the server refused a body because it, or an item in it, has this field."""
        details = self.body.get("exception_detail") if isinstance(self.body, dict) else None
        return self.status == 422 and any(
            isinstance(detail, dict)
            and detail.get("type") == "extra_forbidden"
            and (detail.get("loc") or [""])[-1] == field
            for detail in (details if isinstance(details, list) else [])
        )


class ObjectNotFound(ApiError):
    """The server does not know what was asked for (404)."""


class ObjectAlreadyExists(ApiError):
    """What was to be made is there already, or something else stands against it (409)."""


class ApiAnswer(NamedTuple):
    """The answer that an ApiError is about. `body` is decoded JSON, or text when it was none."""

    status_code: int
    body: Any

    def json(self) -> Any:
        return self.body

    @property
    def text(self) -> str:
        return self.body if isinstance(self.body, str) else json.dumps(self.body)


def api_error(message: str, *, status: int, body: Any = None, retry_after_seconds: float | None = None) -> ApiError:
    """The error for an answer of this HTTP status."""
    kind = {404: ObjectNotFound, 409: ObjectAlreadyExists}.get(status, ApiError)
    return kind(message, status=status, body=body, retry_after_seconds=retry_after_seconds)


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


class PausedRun(UnfinishedRun):
    """The run waits to be resumed, so it has no result yet."""


class RefusedRun(RunError):
    """The server did not let the run begin."""


class UpstreamFailed(RunError):
    """A task was not run because something it depends on did not complete."""


class StateError(OrchestratorError, ValueError):
    """A state cannot be made of what was given, or was asked for what its type does not have."""


class MissingResult(OrchestratorError):
    """The run completed, but its result is not in this process and was not stored."""


class ResultNotSerializable(OrchestratorError):
    """A result cannot be written by its serializer, so it cannot be stored."""


class ResultStorageError(OrchestratorError):
    """A storage of results cannot be used, or holds what is no stored result; the message says where and why."""


class UnhashableValue(OrchestratorError):
    """A value has nothing by which it could be told from others: a lock, an open file, a connection."""


class TransactionError(OrchestratorError, ValueError):
    """A transaction was asked for what it does not have, or is set up so that it cannot hold."""


class MissingContext(OrchestratorError, RuntimeError):
    """Something that only makes sense inside a run was called outside of one."""


class MissingExtra(OrchestratorError, ImportError):
    """A library is not installed that is only needed for what was asked; the message says how to install it."""


class FlowRunEnded(OrchestratorError):
    """A task was called for a flow run that is already over, for instance from a thread that outlived a time limit."""


class PauseRefused(OrchestratorError, RuntimeError):
    """A run cannot be paused or suspended where it is; the message says why."""


class NotPausedFlowRun(OrchestratorError):
    """A run was to be resumed that is not paused."""


class InputRefused(OrchestratorError, ValueError):
    """What a run is told is not what it asked for; the message names the field."""


class TimeLimitExceeded(OrchestratorError, TimeoutError):
    """A run did not end within its `timeout_seconds`."""


class FlowTimeout(TimeLimitExceeded):
    """A flow did not end within its `timeout_seconds`."""


class TaskTimeout(TimeLimitExceeded):
    """A task did not end within its `timeout_seconds`."""


class WaitTimeout(OrchestratorError, TimeoutError):
    """Waiting for a run took longer than the caller allowed; the run itself goes on."""


class FlowPauseTimeout(OrchestratorError, TimeoutError):
    """A paused flow run was not resumed within its time."""


class ParameterBindError(OrchestratorError, TypeError):
    """The arguments do not fit the function's signature."""


class ParameterTypeError(OrchestratorError, TypeError):
    """Parameters of a flow are not what its type hints say; the message names each, its value and the type."""


class ReservedParameter(OrchestratorError, TypeError):
    """A flow or task function has a parameter whose name means something to the call itself."""


class MappingError(OrchestratorError, ValueError):
    """`.map()` got nothing to iterate over, or iterables of different lengths."""


class MappingMissingIterable(MappingError):
    """`.map()` got nothing to iterate over."""


class MappingLengthMismatch(MappingError):
    """`.map()` got iterables of different lengths."""


class RunNameError(OrchestratorError, ValueError):
    """A run-name template cannot be filled from the run's parameters."""


class TaskNotSendable(OrchestratorError):
    """A submitted task cannot be executed by another process: it cannot be pickled, is too large, or was refused."""


class DeploymentError(OrchestratorError, ValueError):
    """A deployment cannot be made of what was given; the message says which part, and why."""


class DeploymentNotFound(DeploymentError, ObjectNotFound):
    """The server has no deployment of that name or id."""


class DefinitionError(DeploymentError):
    """A file of deployments, or a definition, says what cannot be used; the message names the file, the line, the key
    and what is allowed there."""


class BuildError(OrchestratorError, ValueError):
    """A flow cannot be put together as its block says: a value is needed where there is none yet, or there is a
    circle."""


class SourceUnavailable(OrchestratorError):
    """The source of a function cannot be read, so nothing can be said about what it does."""


class EventError(OrchestratorError, ValueError):
    """An event cannot be sent as it is; the message says which part of it, and why."""


class ArtifactError(OrchestratorError, ValueError):
    """An artifact cannot be made of what was given, or has a key that is none."""


class AssetError(OrchestratorError, ValueError):
    """An asset has a key that is no address, or is not one of those that the task makes."""


class VariableError(OrchestratorError, ValueError):
    """A variable has a name or a value that the server does not keep."""


class VariableExists(VariableError):
    """A variable of that name is there already, and `overwrite=True` was not given."""


class BlockError(OrchestratorError, ValueError):
    """A block cannot be saved, loaded or registered; the message says why."""


class BlockNotFound(BlockError):
    """The server has no block of that type and name."""


class BlockExists(BlockError):
    """A block of that type and name is there already, and `overwrite=True` was not given."""


class BlockNotSaved(BlockError):
    """Something that only a saved block has was asked of one that was not saved."""


class WebRequestError(OrchestratorError, ValueError):
    """An address of the web cannot be asked, did not answer, or answered that it failed."""


class NotificationError(OrchestratorError):
    """A notification was not sent; `log` says why."""

    def __init__(self, log: str) -> None:
        super().__init__(log)
        self.log = log


class UnknownBlockType(BlockError):
    """The class of a block is not defined in this process: the module that defines it was not imported."""


class SlotsUnavailable(OrchestratorError):
    """Slots of a concurrency limit cannot be had: no such limit where one is needed, or more than it has."""


class SlotsTimeout(SlotsUnavailable, TimeoutError):
    """No slots became free within `timeout_seconds`."""


class LeaseLost(OrchestratorError):
    """Slots of a concurrency limit were lost while they were in use: the server did not hear from this process."""

    def __init__(self, message: str = "The slots of a concurrency limit were lost while they were in use.") -> None:
        super().__init__(message)


class FilterError(OrchestratorError, ValueError):
    """A filter, or what was to be made or changed, has a field that there is not, or one that cannot be used."""


class SettingError(OrchestratorError, ValueError):
    """A setting has a value that cannot be used; the message names it."""


class ProfileError(SettingError):
    """`profiles.toml` cannot be read, or has no profile of the name that was asked for."""


class FlowNotFound(OrchestratorError):
    """An entrypoint does not lead to a flow."""


class TaskServingError(OrchestratorError, ValueError):
    """Tasks cannot be served as they were given; the message says why."""


class ShellOptionError(OrchestratorError, ValueError):
    """A shell operation was given something that cannot be used; the message says what, and what is needed."""


class ShellNotStarted(OrchestratorError, RuntimeError):
    """The shell could not be started: it is not installed, or the working directory is not there."""


class ShellCommandFailed(OrchestratorError, RuntimeError):
    """A shell command failed.

    `return_code` is the exit code, negative for the signal that ended the shell; `command` the one that failed, None
    when the shell does not tell; `last_lines` what was printed last, at most 20 lines.
    """

    def __init__(
        self, message: str, *, return_code: int = 1, command: str | None = None, last_lines: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message)
        self.return_code = return_code
        self.command = command
        self.last_lines = last_lines


class RunStopped(BaseException):
    """Raised inside a run's own code to end it from outside."""

    def __init__(self, reason: str = "The run was stopped.") -> None:
        super().__init__(reason)
        self.reason = reason


class RunSuspended(RunStopped):
    """The run leaves this process and goes on in another one once it is resumed."""

    def __init__(self, reason: str = "The run was suspended.") -> None:
        super().__init__(reason)
        self.state: Any = None  # the server's, when it told; else none was asked for


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
