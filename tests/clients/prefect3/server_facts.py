"""Writes down what a fresh Prefect server lists by itself: its block types, their schemas and its worker types.

    PREFECT_API_URL=http://127.0.0.1:4200/api python server_facts.py orchestrator/store/data

Facts alone: names, addresses, JSON schemas, checksums. Sentences meant for people are left out.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

API = os.environ["PREFECT_API_URL"].rstrip("/")


def main(folder: Path) -> None:
    types = ask("/block_types/filter", {})
    schemas = ask("/block_schemas/filter", {})
    assert max(len(types), len(schemas)) < 200, "there are more than one page holds"
    blocks = {
        "block_types": [_block_type(one) for one in sorted(types, key=lambda one: one["slug"])],
        "block_schemas": [_block_schema(one) for one in nested_first(schemas)],
    }
    workers = without_sentences(ask("/collections/views/aggregate-worker-metadata"))
    write(folder / "system_blocks.json", blocks)
    write(folder / "workers.json", workers)


def ask(path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(API + path, data, {"Content-Type": "application/json"})) as answer:
        return json.load(answer)


def nested_first(schemas: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Oldest first, except that a schema comes after those that it refers to."""
    waiting, ordered, done = sorted(schemas, key=lambda one: one["created"]), [], set()
    while waiting:
        ready = [one for one in waiting if _references(one) <= done]
        assert ready, "the schemas refer to each other in a circle"
        ordered += ready
        done |= {one["checksum"] for one in ready}
        waiting = [one for one in waiting if one not in ready]
    return ordered


def _references(one: dict[str, Any]) -> set[str]:
    found = one["fields"].get("block_schema_references", {}).values()
    return {
        each["block_schema_checksum"]
        for wanted in found
        for each in ([wanted] if "block_type_slug" in wanted else wanted)
    }


def _block_type(one: dict[str, Any]) -> dict[str, Any]:
    return {key: one[key] for key in ("slug", "name", "logo_url", "documentation_url", "is_protected")}


def _block_schema(one: dict[str, Any]) -> dict[str, Any]:
    fields = dict(one["fields"])
    # Those of nested blocks are put together from their own schemas.
    definitions = {
        name: definition
        for name, definition in fields.pop("definitions", {}).items()
        if "block_type_slug" not in definition
    }
    if definitions:
        fields["definitions"] = definitions
    return {
        "block_type": one["block_type"]["slug"],
        "checksum": one["checksum"],
        "version": one["version"],
        "capabilities": sorted(one["capabilities"]),
        "fields": without_sentences(fields),
    }


def without_sentences(value: Any, *, names: bool = False) -> Any:
    """Without the descriptions of a JSON schema. `names`: the keys are names that somebody chose."""
    if isinstance(value, list):
        return [without_sentences(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: without_sentences(item, names=not names and key in ("properties", "definitions"))
        for key, item in value.items()
        if names or key != "description"
    }


def write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
