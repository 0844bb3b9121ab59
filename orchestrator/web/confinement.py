"""The process in which `confined` has functions called: `python -m orchestrator.web.confinement`."""

from __future__ import annotations

import json
import os
import pickle
import resource
import signal
from contextlib import suppress
from importlib import import_module

from orchestrator.web.confined import LENGTH_BYTES, OUT_OF_MEMORY, RAISED, RETURNED

MOST_BYTES = 400_000_000  # of memory, the interpreter and its libraries included


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the keyboard's; the end of the input ends this
    for limit, most in ((resource.RLIMIT_AS, MOST_BYTES), (resource.RLIMIT_CORE, 0)):
        with suppress(ValueError, OSError):  # not every system knows every limit
            resource.setrlimit(limit, (most, most))
    calls, answers = os.fdopen(0, "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever is printed is no answer
    while header := calls.read(LENGTH_BYTES):
        data = _answer(calls.read(int.from_bytes(header)))
        answers.write(len(data).to_bytes(LENGTH_BYTES) + data)
        answers.flush()


def load(module: str) -> None:
    """So that the first call has all of its time."""
    import_module(module)


def _answer(call: bytes) -> bytes:
    try:
        module, name, arguments = pickle.loads(call)  # from the process that began this one, and from nobody else
        return json.dumps([RETURNED, getattr(import_module(module), name)(*arguments)]).encode()
    except MemoryError:
        return json.dumps([OUT_OF_MEMORY, None]).encode()
    except Exception as error:  # noqa: BLE001  whatever it is, the caller gets it
        return json.dumps([RAISED, str(error)]).encode()


if __name__ == "__main__":
    main()
