"""What can go wrong with automations, by name."""

from __future__ import annotations


class AutomationsError(Exception):
    """Something about an automation could not be done."""


class BadTemplate(AutomationsError):
    """A template that cannot be used. `line` counts from 1, and is 0 when the template as a whole is meant."""

    def __init__(self, message: str, *, line: int, source: str) -> None:
        super().__init__(message)
        self.line = line
        self.source = source
