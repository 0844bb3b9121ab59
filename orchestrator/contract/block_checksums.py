"""The checksum by which clients find the schema of a block: the same as they compute, byte for byte."""

from __future__ import annotations

import hashlib
import json
from typing import Any

_PREFIX = "#/definitions/"


def checksum_of(fields: dict[str, Any]) -> str:
    """Of a block schema's fields. Secret paths do not count, nor do definitions that nobody uses or that are blocks."""
    counted = without(fields, {"secret_fields"})
    if counted.get("definitions"):
        counted["definitions"] = plain_definitions(counted, counted["definitions"])
        if not counted["definitions"]:
            del counted["definitions"]
    text = json.dumps([[counted], {}], sort_keys=True)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def plain_definitions(part: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """Those of `definitions` that `part` of a schema refers to, at any depth, and that are no blocks."""
    found: dict[str, Any] = {}
    waiting = definitions_named_in(part)
    while waiting:
        name = waiting.pop()
        definition = definitions.get(name)
        if name in found or not definition or definition.get("block_type_slug") is not None:
            continue
        found[name] = definition
        waiting += definitions_named_in(definition)
    return found


def definitions_named_in(part: Any) -> list[str]:
    """The names of the definitions that a part of a schema refers to, in the order of their mention."""
    if isinstance(part, list):
        return [name for item in part for name in definitions_named_in(item)]
    if not isinstance(part, dict):
        return []
    reference = part.get("$ref")
    own = [reference.removeprefix(_PREFIX)] if isinstance(reference, str) and reference else []
    return own + [name for item in part.values() for name in definitions_named_in(item)]


def without(part: Any, keys: set[str]) -> Any:
    """A copy without these keys, at any depth of dictionaries. Lists are left as they are: so do the clients."""
    if not isinstance(part, dict):
        return part
    return {key: without(value, keys) for key, value in part.items() if key not in keys}
