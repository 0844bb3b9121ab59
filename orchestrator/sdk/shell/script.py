"""Commands as one script, so that a `cd` or a variable of one holds for the next."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.sdk.errors import ShellNotStarted, ShellOptionError

_POSIX = frozenset({"bash", "sh", "dash", "ksh", "mksh", "zsh", "ash"})
_TELLS_COMMAND = frozenset({"bash"})  # knows the command that failed
_HAS_ERROR_TRAP = frozenset({"bash", "zsh", "ksh", "mksh"})
_EXTENSIONS = {"pwsh": ".ps1", "powershell": ".ps1", "cmd": ".bat"}


@dataclass(frozen=True, slots=True)
class Failure:
    """One command that failed. `command` is empty when the shell does not tell."""

    return_code: int
    command: str

    def __str__(self) -> str:
        which = f"{self.command!r}" if self.command else "A command"
        return f"{which} ended with exit code {self.return_code}"


class Script:
    """The files of one execution: the script, and where the shell notes what failed.

    A shell of the Bourne family stops at the first command that fails, as `set -e` has it, unless `continue_on_error`.
    """

    def __init__(
        self, commands: Sequence[str], *, shell: str | None, extension: str | None, continue_on_error: bool
    ) -> None:
        words = _shell_words(shell)
        if extension is not None and not re.fullmatch(r"\.\w+", extension):
            raise ShellOptionError(f"extension is {extension!r}; the ending of a file is needed, such as '.sh'")
        kind = Path(words[0]).stem.lower()
        self._directory = tempfile.mkdtemp(prefix="orchestrator-shell-")
        self._failures = os.path.join(self._directory, "failures")
        path = os.path.join(self._directory, f"commands{extension or _EXTENSIONS.get(kind, '.sh')}")
        head = _head(kind, self._failures, continue_on_error=continue_on_error)
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(head + "\n".join(commands) + "\n")
        self.arguments = [*words, path]

    def failures(self) -> list[Failure]:
        """What failed, in order, as far as the shell tells."""
        try:
            with open(self._failures, "rb") as file:
                noted = file.read().decode("utf-8", "replace").split("\0")
        except OSError:
            return []
        found = []
        for note in noted[:-1]:
            code, _, command = note.partition("\t")
            found.append(Failure(int(code) if code.isdigit() else 1, command.strip()))
        return found

    def remove(self) -> None:
        shutil.rmtree(self._directory, ignore_errors=True)


def checked_commands(commands: object) -> list[str]:
    """A list of texts. Raises ShellOptionError."""
    if isinstance(commands, str):
        commands = [commands]
    if not isinstance(commands, Sequence) or not all(isinstance(each, str) for each in commands):
        raise ShellOptionError(f"commands is {commands!r}; a list of texts is needed, such as ['ls -l', 'date']")
    if not any(each.strip() for each in commands):
        raise ShellOptionError("commands is empty; at least one command is needed")
    if any("\0" in each for each in commands):
        raise ShellOptionError("A command holds a NUL character, which no shell can read")
    return list(commands)


def _shell_words(shell: str | None) -> list[str]:
    """The shell and its options. None is bash, or sh where there is none."""
    if shell is None:
        return ["bash"] if shutil.which("bash") else ["sh"]
    try:
        words = shlex.split(shell)
    except ValueError as error:
        raise ShellOptionError(f"shell is {shell!r}: {error}") from None
    if not words:
        raise ShellOptionError("shell is empty; name one, such as 'bash', or leave it out")
    if shutil.which(words[0]) is None:
        raise ShellNotStarted(f"There is no shell {words[0]!r} on this host; install it or name another one in shell=")
    return words


def _head(kind: str, failures: str, *, continue_on_error: bool) -> str:
    if kind not in _POSIX:
        return ""
    lines = []
    if kind in _HAS_ERROR_TRAP:
        told = '"$BASH_COMMAND"' if kind in _TELLS_COMMAND else '""'
        note = f"printf '%s\\t%s\\0' \"$?\" {told} >> {shlex.quote(failures)}"
        lines.append(f"trap {shlex.quote(note)} ERR")
    if not continue_on_error:
        lines.append("set -e")
    return "".join(f"{line}\n" for line in lines)
