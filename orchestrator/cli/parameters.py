"""`--param key=value` on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import click


def read_parameters(pairs: Iterable[str], *, option: str = "--param") -> dict[str, Any]:
    """`x=1` gives a number, `x=[1, 2]` a list, `x=word` a string: the value is JSON if it can be read as JSON."""
    parameters: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"{pair!r} is not of the form name=value", param_hint=option)
        try:
            parameters[name] = json.loads(text)
        except ValueError:
            parameters[name] = text
    return parameters
