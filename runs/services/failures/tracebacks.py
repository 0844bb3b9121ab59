"""Tracebacks as they stand in a line of the log: their frames, and the last one that is the author's own."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FRAME = re.compile(r'^[\s|]*File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<function>.+))?$')
_LIBRARY = (
    "site-packages",
    "/prefect/",
    "/orchestrator/sdk/",
    "/orchestrator/worker/",
    "/concurrent/",
    "/asyncio/",
    "/lib/python3",
    "<frozen",
)
_UNDERLINING = re.compile(r"^[\s~^|]+$")
MOST_LINES = 5_000  # of one message that are looked at


@dataclass(frozen=True, slots=True)
class Frame:
    file: str
    line: int
    function: str
    source: str  # the line of code; empty where the traceback does not show it

    @property
    def is_library(self) -> bool:
        return any(mark in self.file for mark in _LIBRARY)

    @property
    def place(self) -> str:
        """`/home/ana/flows.py:45, load`."""
        return f"{self.file}:{self.line}" + (f", {self.function}" if self.function else "")


@dataclass(frozen=True, slots=True)
class Traceback:
    frames: tuple[Frame, ...]  # never empty; the last is where it was raised
    error: str  # the last line that is no frame

    @property
    def own_frame(self) -> Frame:
        """The last frame of the author's own code; where it has none, of all."""
        return next((frame for frame in reversed(self.frames) if not frame.is_library), self.frames[-1])


def read_traceback(message: str) -> Traceback | None:
    """None when the message holds none."""
    if 'File "' not in message:
        return None
    lines = message.splitlines()[-MOST_LINES:]
    frames = []
    for number, text in enumerate(lines):
        if match := _FRAME.match(text):
            below = lines[number + 1] if number + 1 < len(lines) else ""
            has_source = below[:1] in (" ", "|") and not _FRAME.match(below)
            frames.append(
                Frame(
                    file=match["file"],
                    line=int(match["line"]),
                    function=match["function"] or "",
                    source=below.strip(" |") if has_source else "",
                )
            )
    if not frames:
        return None
    error = next(
        (text for text in reversed(lines) if text.strip() and not text[0].isspace() and not _UNDERLINING.match(text)),
        "",
    )
    return Traceback(frames=tuple(frames), error=error)


def place_in_brief(place: str) -> str:
    """`flows.py:45, load` of `/home/ana/flows.py:45, load`."""
    return place.rsplit("/", 1)[-1]
