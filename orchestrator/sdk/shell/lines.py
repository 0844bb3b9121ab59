"""The output of a shell, line by line."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator

LONGEST_LINE = 1_048_576  # bytes; a longer line is taken apart
KEPT_LINES = 20  # that a failure shows


class Lines:
    """Takes pieces of bytes and keeps whole lines: all of them, or only the last ones.

    `on_line` is called with each line as soon as it is whole. Bytes that are no UTF-8 become `�`.
    """

    def __init__(self, *, keep_all: bool, on_line: Callable[[str], None] | None = None) -> None:
        self._kept: deque[str] = deque(maxlen=None if keep_all else KEPT_LINES)
        self._on_line = on_line
        self._rest = bytearray()
        self._lock = threading.Lock()

    def feed(self, piece: bytes) -> None:
        self._rest += piece
        if b"\n" not in piece and len(self._rest) < LONGEST_LINE:
            return
        *whole, rest = self._rest.split(b"\n")
        self._rest = bytearray(rest)
        for line in whole:
            for part in _parts(line):
                self._take(part)
        while len(self._rest) >= LONGEST_LINE:
            self._take(self._rest[:LONGEST_LINE])
            del self._rest[:LONGEST_LINE]

    def end(self) -> None:
        """No more comes: what is left is a line too."""
        if self._rest:
            self._take(self._rest)
            self._rest = bytearray()

    def kept(self) -> list[str]:
        """The lines that were kept: all, or the last ones."""
        with self._lock:
            return list(self._kept)

    def last(self, count: int = KEPT_LINES) -> list[str]:
        return self.kept()[-count:]

    def _take(self, line: bytes | bytearray) -> None:
        text = line.decode("utf-8", "replace").removesuffix("\r")
        with self._lock:
            self._kept.append(text)
        if self._on_line is not None:
            self._on_line(text)


def _parts(line: bytearray) -> Iterator[bytearray]:
    if len(line) <= LONGEST_LINE:
        yield line
        return
    for begin in range(0, len(line), LONGEST_LINE):
        yield line[begin : begin + LONGEST_LINE]
