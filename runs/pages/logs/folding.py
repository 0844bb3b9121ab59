"""Tracebacks in a message: the frames of libraries are put aside, those of the author stay in sight."""

from __future__ import annotations

import re
from dataclasses import dataclass

from runs.services.failures.tracebacks import Frame

FEWEST_FRAMES = 2  # libraries' frames in a row that are worth folding
_FRAME = re.compile(r'^[\s|]*File "(?P<file>[^"]+)", line \d+')


@dataclass(frozen=True, slots=True)
class Part:
    text: str
    words: str = ""  # what is said instead while it is folded; empty for what stays in sight


def fold_frames(message: str) -> list[Part] | None:
    """The message in parts, whose texts are the message again. None when there is nothing to fold."""
    if 'File "' not in message:
        return None
    parts: list[Part] = []
    seen: list[str] = []
    hidden: list[str] = []
    frames = 0
    of_library = False

    def end_of_hidden() -> None:
        nonlocal frames
        if frames >= FEWEST_FRAMES:
            if seen:
                parts.append(Part("".join(seen)))
            parts.append(Part("".join(hidden), f"{frames} library frames"))
            seen.clear()
        else:
            seen.extend(hidden)
        hidden.clear()
        frames = 0

    for line in message.splitlines(keepends=True):
        frame = _FRAME.match(line)
        if frame:
            of_library = Frame(frame["file"], 0, "", "").is_library
        elif line[:1] not in (" ", "|"):
            of_library = False
        if of_library:
            hidden.append(line)
            frames += frame is not None
        else:
            end_of_hidden()
            seen.append(line)
    end_of_hidden()
    if not any(part.words for part in parts):
        return None
    if seen:
        parts.append(Part("".join(seen)))
    return parts
