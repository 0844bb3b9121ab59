"""What an error is called, and what it has in common with others of its kind."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from orchestrator.contract.states import State

MESSAGE_LENGTH = 200  # characters of a stored message
_LOOKED_AT = 1_000  # characters of a message that its pattern is made of

_PREAMBLE = re.compile(
    r"^(?:(?:Flow|Task) run|The run|Execution) "
    r"(?:encountered an exception:?|failed with|was interrupted by an unexpected exception:?) "
)
_NAMED = re.compile(r"^(?P<type>[A-Za-z_][\w.]*)(?:: (?P<message>.*)|:?$)")
_LOOKS_LIKE_AN_ERROR = re.compile(r"(?:Error|Exception|Warning|Interrupt|Exit|Timeout|Iteration|Group|Failed)$")
# In this order: an identifier may be quoted, and hold numbers.
_VARYING = (
    (re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|“[^”]*”"), "‹›"),
    (re.compile(r"(?:\w+://|[A-Za-z]:\\|/)[^\s,;:()\[\]]+"), "‹›"),
    (re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"), "‹›"),
    (re.compile(r"\b(?:0x)?(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{6,}\b"), "‹›"),
    (re.compile(r"\d+(?:[.,:]\d+)*"), "#"),
    (re.compile(r"\s+"), " "),
)


@dataclass(frozen=True, slots=True)
class NamedError:
    """`type` is the exception's, or the state's name (`TimedOut`) where the message names no exception."""

    type: str
    message: str


def error_of(state: State) -> NamedError:
    """What a state's message tells of the error."""
    first = message_in_brief(state.message)
    named = _NAMED.match(first)
    if named and (first != _first_line(state.message) or _LOOKS_LIKE_AN_ERROR.search(named["type"])):
        return NamedError(named["type"].rsplit(".", 1)[-1], (named["message"] or "")[:MESSAGE_LENGTH])
    return NamedError(state.name, first[:MESSAGE_LENGTH])


def message_in_brief(message: str | None) -> str:
    """The first line of a state's message, without the words that every failure begins with."""
    return _PREAMBLE.sub("", _first_line(message))


def fingerprint_of(*, error_type: str, message: str, place: str = "") -> str:
    """The same for errors of one kind: type, file and function, and the message without what differs each time.

    `place` is as `Frame.place` says it. Directories are left out, because each run may have a copy of the code.
    """
    path, _, function = place.partition(", ")
    file = path.rsplit(":", 1)[0].rsplit("/", 1)[-1]
    parts = "\n".join((error_type, file, function, pattern_of(message)))
    return hashlib.sha256(parts.encode(errors="replace")).hexdigest()[:16]


def pattern_of(message: str) -> str:
    """`no row ‹› in # tables` for `no row 'a7' in 3 tables`."""
    pattern = message[:_LOOKED_AT]
    for varying, instead in _VARYING:
        pattern = varying.sub(instead, pattern)
    return pattern.strip()


def _first_line(message: str | None) -> str:
    return (message or "").strip().partition("\n")[0].strip()
