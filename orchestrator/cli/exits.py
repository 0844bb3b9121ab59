"""How commands end. A script may rely on these numbers."""

from __future__ import annotations

import click

OK = 0
FAILED = 1  # the server said no, or the run that was watched did not complete
USAGE = 2  # the command was not understood
NOT_FOUND = 3  # what was named is not there
UNREACHABLE = 4  # no server answered
NOT_ALLOWED = 5  # the server wants a key, or another one


class Ended(click.ClickException):
    """Ends the command with one message on standard error and this exit code."""

    def __init__(self, message: str, *, code: int = FAILED) -> None:
        super().__init__(message)
        self.exit_code = code  # type: ignore[misc]  # click means it for classes; it reads it from the instance


class NotFound(Ended):
    """What was named is not there."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code=NOT_FOUND)
