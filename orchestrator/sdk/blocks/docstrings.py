"""What the docstring of a block says about it, without the sections about arguments and examples.

The text is part of a block's schema, and so of its checksum: it is found as Prefect's clients find it, who read
docstrings in Google style.
"""

from __future__ import annotations

import inspect
import re

_HEADING = re.compile(r"^\w[\w\s-]*:(\s+\S.*)?\s*$")
_FENCE = "```"


def first_text(docstring: str | None) -> str | None:
    """The text above the first section or admonition, or below it when it stands first. None: there is none."""
    if not docstring:
        return None
    lines = inspect.cleandoc(docstring).split("\n")
    found: list[str] = []
    number, is_code = 0, False
    while number < len(lines):
        line = lines[number]
        if is_code or line.lstrip().startswith(_FENCE):
            is_code = is_code != line.lstrip().startswith(_FENCE)
        elif _begins_section(lines, number):
            if any(text.strip() for text in found):
                break
            number = _end_of_section(lines, number)
            found = []
            continue
        found.append(line)
        number += 1
    return "\n".join(found).strip() or None


def _begins_section(lines: list[str], number: int) -> bool:
    """A heading with a colon stands below an empty line, if any, and above indented lines."""
    if not _HEADING.match(lines[number]):
        return False
    if number > 0 and lines[number - 1].strip():
        return False
    return number + 1 < len(lines) and lines[number + 1].startswith(" ")


def _end_of_section(lines: list[str], number: int) -> int:
    number += 1
    while number < len(lines) and (not lines[number].strip() or lines[number].startswith(" ")):
        number += 1
    return number
