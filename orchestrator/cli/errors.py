"""Errors that people see: one clear line instead of a traceback."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import click

P = ParamSpec("P")
R = TypeVar("R")


def clear_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Show what the SDK raises as a message, with exit code 1."""

    @wraps(command)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        from orchestrator.sdk.errors import OrchestratorError

        try:
            return command(*args, **kwargs)
        except OrchestratorError as error:
            raise click.ClickException(str(error)) from None

    return call
