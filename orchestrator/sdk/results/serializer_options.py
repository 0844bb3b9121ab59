"""What tells two serializers of one type apart, as it stands in what they have stored."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from orchestrator.sdk.values.json_values import to_json

_PLAIN = (str, bytes, int, float, bool, type(None))
_DIGITS = 4  # enough for the serializers of one process, too few to guess a key by


def options_of(serializer: Any) -> dict[str, Any]:
    """What reading depends on besides the type: nothing, for one that is called by its name. Of an author's own it is
    the class, and a short check sum over its plain attributes."""
    kind = type(serializer)
    if kind.__module__ == "orchestrator.sdk.results.serializers":
        told: dict[str, Any] = serializer.reading_options
        return told
    values = {name: value for name, value in getattr(serializer, "__dict__", {}).items() if isinstance(value, _PLAIN)}
    found: dict[str, Any] = {"class": f"{kind.__module__}.{kind.__qualname__}"}
    if values:
        found["options"] = hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()[:_DIGITS]
    return found


def as_text(options: dict[str, Any]) -> str:
    """Keyword arguments of a library as one text; functions and classes among them by name."""
    told = {name: getattr(value, "__qualname__", None) or to_json(value) for name, value in options.items()}
    return json.dumps(told, sort_keys=True)
