"""`shell_run_command`: one command as a task."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from orchestrator.sdk.both_ways import caller_awaits
from orchestrator.sdk.shell.operation import INFO, ShellOperation
from orchestrator.sdk.tasks.task import Task


class ShellCommandTask(Task[Any, Any]):
    """A task that gives an awaitable where its caller can await, so that a stop of an async run ends the command."""

    def __init__(self, fn: Callable[..., Any], **options: Any) -> None:
        super().__init__(fn, **options)
        self._awaited = Task(_awaited, **{**options, "name": self.name})

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if caller_awaits(sys._getframe(1)):
            return self._awaited(*args, **kwargs)
        return super().__call__(*args, **kwargs)


def _shell_run_command(
    command: str,
    env: Mapping[str, Any] | None = None,
    helper_command: str | None = None,
    shell: str | None = None,
    extension: str | None = None,
    return_all: bool = False,
    stream_level: int = INFO,
    cwd: str | os.PathLike[str] | None = None,
) -> Any:
    """Execute a command in a shell, as a task: the last line that it printed, or with `return_all` all lines.

    `helper_command` is executed before it in the same shell, for instance `cd …`. Lines are logged at `stream_level`,
    a level of logging. `env`, `shell` and `extension` are those of ShellOperation, `cwd` is its `working_dir`. In async
    code the call gives an awaitable. Raises ShellCommandFailed when the command fails, ShellNotStarted.
    """
    return _operation(command, env, helper_command, shell, extension, return_all, stream_level, cwd).run()


@functools.wraps(_shell_run_command)
async def _awaited(*args: Any) -> Any:
    return await _operation(*args).arun()


def _operation(
    command: str,
    env: Mapping[str, Any] | None,
    helper_command: str | None,
    shell: str | None,
    extension: str | None,
    return_all: bool,
    stream_level: int,
    cwd: str | os.PathLike[str] | None,
) -> ShellOperation:
    return ShellOperation(
        [command] if helper_command is None else [helper_command, command],
        env=env,
        working_dir=cwd,
        shell=shell,
        extension=extension,
        return_all=return_all,
        stream_level=stream_level,
    )


shell_run_command = ShellCommandTask(_shell_run_command, name="shell_run_command")
