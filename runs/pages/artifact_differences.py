"""What changed from one version of an artifact to another, line by line."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from runs.models import Artifact
from runs.pages.artifact_tables import cell_words, read_table

MOST_LINES = 3_000  # of one version that are compared
MOST_SHOWN = 400  # lines of the difference
CONTEXT = 3


@dataclass(frozen=True, slots=True)
class Line:
    """`sign` is "+" for what is new, "-" for what is gone, nothing for what stayed, "…" for what is left out."""

    sign: str
    text: str

    @property
    def tone(self) -> str:
        return {"+": "completed", "-": "failed"}.get(self.sign, "")


@dataclass(frozen=True, slots=True)
class Difference:
    lines: tuple[Line, ...]
    added: int
    removed: int
    is_cut: bool  # there is more than is compared or shown


def difference(before: Artifact, after: Artifact) -> Difference:
    old, new = lines_of(before), lines_of(after)
    lines: list[Line] = []
    for text in difflib.unified_diff(old[:MOST_LINES], new[:MOST_LINES], lineterm="", n=CONTEXT):
        if text.startswith(("---", "+++")) and len(lines) == 0:
            continue
        if text.startswith("@@"):
            lines.append(Line("…", ""))
        else:
            lines.append(Line(text[:1].strip(), text[1:]))
    return Difference(
        lines=tuple(lines[:MOST_SHOWN]),
        added=sum(line.sign == "+" for line in lines),
        removed=sum(line.sign == "-" for line in lines),
        is_cut=len(lines) > MOST_SHOWN or max(len(old), len(new)) > MOST_LINES,
    )


def lines_of(artifact: Artifact) -> Sequence[str]:
    """A table row by row, with its columns first; a text line by line; anything else as JSON."""
    if artifact.type == "table":
        table = read_table(artifact.data)
        if table is not None:
            rows = (" | ".join(map(cell_words, row)) for row in table.rows[: MOST_LINES + 1])
            return [" | ".join(table.columns), *rows]
    if isinstance(artifact.data, str):
        return artifact.data.splitlines()
    return json.dumps(artifact.data, indent=2, ensure_ascii=False, default=str).splitlines()
