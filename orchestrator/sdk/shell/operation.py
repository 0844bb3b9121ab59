"""`ShellOperation`: commands for a shell, executed as part of a run."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import pydantic

from orchestrator.sdk.blocks.core import Block
from orchestrator.sdk.both_ways import both_ways, caller_awaits, in_thread
from orchestrator.sdk.errors import BlockError, ShellNotStarted, ShellOptionError
from orchestrator.sdk.recording.logs import logger_of_run
from orchestrator.sdk.shell.process import ShellProcess
from orchestrator.sdk.shell.script import Script, checked_commands

INFO = 20  # as logging has it


class ShellOperation(Block):
    """Commands that one shell executes, in order; a `cd` or a variable of one holds for the next.

    `commands` is a list of texts, or one text. `env` is put on top of this process's environment. `working_dir` None is
    the current directory. `shell` None is bash, or sh where there is none; options may follow its name
    (`"bash -x"`). `extension` is the ending of the script's file, for shells that ask for one. With `stream_output`
    each line is logged as it comes, by the run's logger. `return_all` gives all lines, else the last one, and the rest
    is not kept. The shell stops at the first command that fails, as `set -e` has it, and ShellCommandFailed is raised;
    with `continue_on_error` it goes on, and the failures are logged.

    Standard error is part of the output. Nothing can be typed: standard input is empty. It is a block, and may be saved
    and loaded. Raises ShellOptionError.
    """

    _block_type_name: ClassVar[str | None] = "Shell Operation"
    _description: ClassVar[str | None] = "Commands that one shell executes, in order, as part of a run."
    _published_checksum: ClassVar[str | None] = (
        "sha256:9525e2fd40af302916ff7a4c33ec9c0e20d8970b09243ca010d729fac144811d"
    )

    commands: list[str]
    stream_output: bool = True
    env: dict[str, str] = pydantic.Field(default_factory=dict, title="Environment Variables")
    working_dir: Path | None = pydantic.Field(None, title="Working Directory")
    shell: str | None = None
    extension: str | None = None
    return_all: bool = True
    continue_on_error: bool = False
    stream_level: int = INFO

    _secret_names: frozenset[str] = pydantic.PrivateAttr(frozenset())
    _processes: list[ShellProcess] = pydantic.PrivateAttr(default_factory=list)

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
        **unknown: Any,
    ) -> None:
        kind = unknown.pop("block_type_slug", None)  # of a block inside of another one
        if unknown:
            raise ShellOptionError(f"ShellOperation has no {' and no '.join(map(repr, unknown))}")
        super().__init__(
            commands=checked_commands(commands),
            env=_checked_environment(env),
            working_dir=Path(working_dir) if working_dir is not None else None,
            shell=shell,
            extension=extension,
            stream_output=stream_output,
            return_all=return_all,
            continue_on_error=continue_on_error,
            stream_level=stream_level,
            **({"block_type_slug": kind} if kind is not None else {}),
        )
        self._secret_names = frozenset(
            name for name, value in (env or {}).items() if hasattr(value, "get_secret_value")
        )

    def __repr__(self) -> str:
        return f"ShellOperation(commands={self.commands!r})"  # env may hold secrets

    __str__ = __repr__

    def _check_before_saving(self) -> None:
        if self._secret_names:
            raise BlockError(
                f"env has secrets: {', '.join(sorted(self._secret_names))}. What env holds is kept for everybody to "
                "read: keep these in a Secret, and put them in when the commands are executed"
            )

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
                logger=logger_of_run(),
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
