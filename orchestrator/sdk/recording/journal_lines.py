"""The lines of a journal: what is kept, as JSON, and read again."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

from orchestrator.sdk.values.json_values import encode

FORMAT = 1
_READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Batch:
    """Events or logs, as JSON; `path` is where they go."""

    path: str
    bodies: list[bytes]


@dataclass(frozen=True, slots=True)
class End:
    """How a flow run ended. `id` is the proposal's transition id: sent twice, it is known the second time.

    `seen_state_id` is the last state that the server had accepted of this process; None when it accepted none.
    """

    id: str
    flow_run_id: str
    state: dict[str, Any]
    force: bool
    at: str
    seen_state_id: str | None = None
    claim_id: str | None = None


Entry = Batch | End


def as_line(entry: Entry) -> bytes:
    if isinstance(entry, Batch):
        return b'{"kind":"batch","path":"%s","body":[%s]}\n' % (entry.path.encode(), b",".join(entry.bodies))
    return json_line(
        {
            "kind": "end",
            "id": entry.id,
            "flow_run_id": entry.flow_run_id,
            "state": entry.state,
            "force": entry.force,
            "at": entry.at,
            "seen_state_id": entry.seen_state_id,
            "claim_id": entry.claim_id,
        }
    )


def as_entry(line: bytes) -> Entry | None:
    """What the line says; None for one that is torn, or of a kind that has nothing to send."""
    value = as_value(line)
    try:
        if value is not None and value.get("kind") == "batch":
            return Batch(str(value["path"]), [json.dumps(item).encode() for item in value["body"]])
        if value is not None and value.get("kind") == "end":
            return End(**{name: value[name] for name in End.__dataclass_fields__})
    except (KeyError, TypeError):
        return None
    return None


def as_value(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def json_line(value: dict[str, Any]) -> bytes:
    return encode(value) + b"\n"


def line_at(descriptor: int, place: int, *, end: int) -> bytes:
    """Read by the descriptor: it is good even when somebody has removed the file."""
    line = b""
    while not line.endswith(b"\n") and place + len(line) < end:
        part = os.pread(descriptor, min(_READ_BYTES, end - place - len(line)), place + len(line))
        if not part:
            return line + b" " * (end - place - len(line))  # cut by somebody else: nothing is left to be read
        head, newline, _ = part.partition(b"\n")
        line += head + newline
    return line


def write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
