"""What a docstring says about each parameter, in the three usual ways of writing it."""

from __future__ import annotations

import re

_SPHINX = re.compile(r"^:(?:param|parameter|arg|argument)\s+(?:[^:]*\s)?\*{0,2}(\w+)\s*:\s*(.*)$")
_GOOGLE_HEADS = re.compile(r"^(?:Args|Arguments|Parameters|Params|Keyword Args|Keyword Arguments):$")
_GOOGLE_ITEM = re.compile(r"^\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)$")
_NUMPY_ITEM = re.compile(r"^\*{0,2}(\w+(?:\s*,\s*\w+)*)\s*(?::.*)?$")


def described_parameters(docstring: str | None) -> dict[str, str]:
    """Parameter name → what is said about it. The docstring's indentation is cleaned already.

    Known are `Args:` with indented items, `:param name:`, and `Parameters` underlined with dashes.
    """
    lines = (docstring or "").splitlines()
    found: dict[str, str] = {}
    for index, line in enumerate(lines):
        sphinx = _SPHINX.match(line)
        if sphinx:
            found[sphinx[1]] = _joined([sphinx[2], *_indented(lines[index + 1 :], more_than=0)])
        elif _GOOGLE_HEADS.match(line):
            found |= _google(_indented(lines[index + 1 :], more_than=0, blanks=True))
        elif line in ("Parameters", "Other Parameters") and lines[index + 1 : index + 2] == ["-" * len(line)]:
            found |= _numpy(lines[index + 2 :])
    return {name: text for name, text in found.items() if text}


def _google(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    depth = min((_depth(line) for line in lines if line.strip()), default=0)
    for index, line in enumerate(lines):
        item = _GOOGLE_ITEM.match(line.strip())
        if item and _depth(line) == depth:
            found[item[1]] = _joined([item[2], *_indented(lines[index + 1 :], more_than=depth)])
    return found


def _numpy(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for index, line in enumerate(lines):
        if lines[index + 1 : index + 2] and re.fullmatch(r"-{3,}", lines[index + 1]):
            break  # the next section
        item = _NUMPY_ITEM.match(line)
        if item and _depth(line) == 0:
            text = _joined(_indented(lines[index + 1 :], more_than=0))
            found |= dict.fromkeys(re.split(r"\s*,\s*", item[1]), text)
    return found


def _indented(lines: list[str], *, more_than: int, blanks: bool = False) -> list[str]:
    """The lines up to the first that is not deeper; with `blanks` past empty ones."""
    found = []
    for line in lines:
        if not line.strip() and not blanks:
            break
        if line.strip() and _depth(line) <= more_than:
            break
        found.append(line)
    return found


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _joined(lines: list[str]) -> str:
    return "\n".join(line.strip() for line in lines).strip()
