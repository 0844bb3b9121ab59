"""What a run writes to standard output and error, taken at the descriptors: print, C code, subprocesses alike."""

from __future__ import annotations

import os
import select
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

MAX_LINE_BYTES = 64 * 1024  # a longer line is cut into several
LAST_WORDS_SECONDS = 2.0  # for reading what a run that printed a lot has left in the pipes
_STREAMS = (("stdout", 1), ("stderr", 2))

LineSink = Callable[[str, str], None]  # (stream name, line without its end)


@contextmanager
def captured_output(sink: LineSink) -> Iterator[None]:
    """Inside, every line written to fd 1 or 2 goes to `sink` as well as to where it went before.

    On leaving, everything written so far has been passed on; what a subprocess left behind writes later is dropped.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):
            stream.flush()
    taps = [_Tap(name, descriptor, sink) for name, descriptor in _STREAMS]
    stop_reader, stop_writer = os.pipe()
    reader = threading.Thread(target=_read, args=(taps, stop_reader), name="output-of-run", daemon=True)
    reader.start()
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(AttributeError, ValueError):
                stream.flush()
        for tap in taps:
            tap.let_go()
        os.write(stop_writer, b"x")
        reader.join()
        for tap in taps:
            tap.close()
        os.close(stop_reader)
        os.close(stop_writer)


def private_stderr() -> TextIO:
    """A text stream to where standard error goes now: what is written to it later is not captured."""
    return os.fdopen(os.dup(2), "w", buffering=1, encoding="utf-8", errors="backslashreplace")


class _Tap:
    """One descriptor that leads through a pipe for a while."""

    def __init__(self, name: str, descriptor: int, sink: LineSink) -> None:
        self.name = name
        self._descriptor = descriptor
        self._sink = sink
        self._pending = b""
        self._original = os.dup(descriptor)
        self.reader, writer = os.pipe()
        os.set_blocking(self.reader, False)
        os.dup2(writer, descriptor, inheritable=True)
        os.close(writer)

    def read(self) -> bool:
        """Pass on what is there. False when nothing is, or nobody can write any more."""
        try:
            chunk = os.read(self.reader, 65536)
        except BlockingIOError:
            return False
        if not chunk:
            return False
        self._show(chunk)
        *lines, self._pending = (self._pending + chunk).split(b"\n")
        for line in lines:
            for start in range(0, len(line), MAX_LINE_BYTES):
                self._pass_on(line[start : start + MAX_LINE_BYTES])
        while len(self._pending) > MAX_LINE_BYTES:
            self._pass_on(self._pending[:MAX_LINE_BYTES])
            self._pending = self._pending[MAX_LINE_BYTES:]
        return True

    def let_go(self) -> None:
        os.dup2(self._original, self._descriptor, inheritable=True)

    def close(self) -> None:
        if self._pending:
            self._pass_on(self._pending)
        os.close(self.reader)
        os.close(self._original)

    def _show(self, chunk: bytes) -> None:
        # The worker's own output may be a closed pipe; that is no reason to disturb the run.
        with suppress(OSError):
            os.write(self._original, chunk)

    def _pass_on(self, line: bytes) -> None:
        text = line.rstrip(b"\r").decode("utf-8", "backslashreplace")
        if text.strip():
            self._sink(self.name, text)


def _read(taps: list[_Tap], stop_reader: int) -> None:
    poller = select.poll()
    by_descriptor = {tap.reader: tap for tap in taps}
    for descriptor in (*by_descriptor, stop_reader):
        poller.register(descriptor, select.POLLIN)
    while True:
        ready = [descriptor for descriptor, _ in poller.poll()]
        if stop_reader in ready:
            break
        for descriptor in ready:
            if not by_descriptor[descriptor].read():
                poller.unregister(descriptor)
    # What was written before the end is in the pipes already; whoever still writes is not waited for.
    give_up_at = time.monotonic() + LAST_WORDS_SECONDS
    for tap in taps:
        while tap.read() and time.monotonic() < give_up_at:
            pass
