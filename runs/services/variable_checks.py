"""Whether new job variables suit a run. Whoever knows its work pool says so; pools are not known here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from runs.models import FlowRun

VariableCheck = Callable[[FlowRun, dict[str, Any]], None]  # raises what the API answers when they do not suit

_checks: list[VariableCheck] = []


def register_variable_check(check: VariableCheck) -> None:
    """Called once at start-up."""
    _checks.append(check)


def check_job_variables(run: FlowRun, variables: dict[str, Any]) -> None:
    """Raises the errors of whoever registered a check."""
    for check in _checks:
        check(run, variables)
