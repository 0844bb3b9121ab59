"""`ShellOperation`: commands for a shell, executed as part of a run."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from orchestrator.sdk.both_ways import both_ways, caller_awaits, in_thread
from orchestrator.sdk.errors import MissingContext, ShellNotStarted, ShellOptionError
from orchestrator.sdk.shell.process import ShellProcess
from orchestrator.sdk.shell.script import Script, checked_commands

if TYPE_CHECKING:
    import logging

    from orchestrator.sdk.recording.logs import RunLogger

INFO = 20  # as logging has it


class ShellOperation:
    """Commands that one shell executes, in order; a `cd` or a variable of one holds for the next.

    `commands` is a list of texts, or one text. `env` is put on top of this process's environment. `working_dir` None is
    the current directory. `shell` None is bash, or sh where there is none; options may follow its name
    (`"bash -x"`). `extension` is the ending of the script's file, for shells that ask for one. With `stream_output`
    each line is logged as it comes, by the run's logger. `return_all` gives all lines, else the last one, and the rest
    is not kept. The shell stops at the first command that fails, as `set -e` has it, and ShellCommandFailed is raised;
    with `continue_on_error` it goes on, and the failures are logged.

    Standard error is part of the output. Nothing can be typed: standard input is empty. Raises ShellOptionError.
    """

    def __init__(
        self,
        commands: Sequence[str] | str,
        *,
        env: Mapping[str, Any] | None = None,
        working_dir: str | os.PathLike[str] | None = None,
        shell: str | None = None,
        extension: str | None = None,
        stream_output: bool = True,
        return_all: bool = True,
        continue_on_error: bool = False,
        stream_level: int = INFO,
    ) -> None:
        self.commands = checked_commands(commands)
        self.env = _checked_environment(env)
        self.working_dir = Path(working_dir) if working_dir is not None else None
        self.shell = shell
        self.extension = extension
        self.stream_output = stream_output
        self.return_all = return_all
        self.continue_on_error = continue_on_error
        self.stream_level = stream_level
        self._processes: list[ShellProcess] = []

    def __repr__(self) -> str:
        return f"ShellOperation(commands={self.commands!r})"

    def run(self) -> Any:
        """Execute the commands to their end: all lines, or with `return_all=False` the last one ("" for none).

        In async code an awaitable. Whatever ends the waiting also ends the commands. Raises ShellCommandFailed,
        ShellNotStarted.
        """
        return self.arun() if caller_awaits(sys._getframe(1)) else self._run()

    def __call__(self) -> Any:
        """The same as `run()`."""
        return self.arun() if caller_awaits(sys._getframe(1)) else self._run()

    async def arun(self) -> list[str] | str:
        """`run()` as a coroutine function."""
        process = await in_thread(self._start)
        try:
            await in_thread(process.complete)
            return process.output()
        finally:
            await in_thread(self._finish, process)

    @both_ways
    def trigger(self) -> ShellProcess:
        """Start the commands and give a handle at once. The end of the `with` block ends what still executes.

        Raises ShellNotStarted.
        """
        return self._start()

    def close(self) -> None:
        """End what still executes of what was triggered."""
        for process in list(self._processes):
            self._finish(process)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await in_thread(self.close)

    def _run(self) -> list[str] | str:
        process = self._start()
        try:
            process.complete()
            return process.output()
        finally:
            self._finish(process)

    def _finish(self, process: ShellProcess) -> None:
        if process in self._processes:
            self._processes.remove(process)
        process.close()

    def _start(self) -> ShellProcess:
        directory = os.path.abspath(self.working_dir or os.getcwd())
        if not os.path.isdir(directory):
            raise ShellNotStarted(f"The working directory {directory} does not exist")
        script = Script(
            self.commands, shell=self.shell, extension=self.extension, continue_on_error=self.continue_on_error
        )
        try:
            process = ShellProcess(
                script,
                environment={**os.environ, **self.env},
                directory=directory,
                logger=_logger(),
                stream_level=self.stream_level if self.stream_output else None,
                return_all=self.return_all,
                continue_on_error=self.continue_on_error,
            )
        except BaseException:
            script.remove()
            raise
        self._processes.append(process)
        return process


def _checked_environment(env: Mapping[str, Any] | None) -> dict[str, str]:
    checked = {}
    for name, value in (env or {}).items():
        if not isinstance(name, str) or not name or "=" in name or "\0" in name:
            raise ShellOptionError(f"env has the name {name!r}; a text without = is needed")
        if value is None:
            raise ShellOptionError(f"env[{name!r}] is None; leave it out, or give it a text")
        reveal = getattr(value, "get_secret_value", None)
        text = str(reveal() if callable(reveal) else value)
        if "\0" in text:
            raise ShellOptionError(f"env[{name!r}] holds a NUL character, which no environment can hold")
        checked[name] = text
    return checked


def _logger() -> RunLogger | logging.Logger:
    """That of the run, or outside of runs the SDK's own."""
    from orchestrator.sdk.recording.logs import get_run_logger, sdk_logger

    try:
        return get_run_logger()
    except MissingContext:
        return sdk_logger()
