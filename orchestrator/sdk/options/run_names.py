"""Names of runs made from their parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from orchestrator.sdk.errors import RunNameError

RunName = str | Callable[..., str] | None


def fill_run_name(template: RunName, parameters: dict[str, Any]) -> str | None:
    """A text is filled with `str.format`; a function is called, with `parameters` when it takes that. None stays None.

    Raises RunNameError when the template cannot be filled or the function does not return a text.
    """
    if template is None:
        return None
    if callable(template):
        name = template(**_wanted(template, parameters))
    else:
        try:
            name = template.format(**parameters)
        except (KeyError, IndexError, ValueError, AttributeError, TypeError) as error:
            known = ", ".join(parameters) or "none"
            raise RunNameError(f"Run name {template!r} cannot be filled ({error!r}); parameters: {known}") from None
    if not isinstance(name, str) or not name:
        raise RunNameError(f"The run name must be a text; {template!r} gave {name!r}")
    return name


def _wanted(function: Callable[..., str], parameters: dict[str, Any]) -> dict[str, Any]:
    import inspect

    return {"parameters": parameters} if "parameters" in inspect.signature(function).parameters else {}
