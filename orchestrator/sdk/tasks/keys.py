"""By which key the runs of a task are known, in every process and on every host."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any


def task_key(fn: Callable[..., Any]) -> str:
    """The function's name and a short sum of its code.

    The same wherever the same code is, whatever the directory is called: whoever executes background tasks may have it
    elsewhere. Other code has another key, so that a worker with old code is not sent what it cannot do. The minor
    version of Python counts too, as it compiles in its own way.
    """
    from zlib import crc32

    name = getattr(fn, "__qualname__", type(fn).__name__)
    code = getattr(fn, "__code__", None) or getattr(getattr(fn, "func", None), "__code__", None)
    if code is None:
        code = getattr(type(fn).__call__, "__code__", None)
    total = crc32(f"{getattr(fn, '__module__', '') if code is None else ''}:{name}".encode())
    for part in _parts(code) if code is not None else ():
        total = crc32(part, total)
    return f"{name.rpartition('.')[2]}-{total:08x}"


def _parts(code: CodeType) -> Iterator[bytes]:
    yield code.co_code
    yield repr((code.co_names, code.co_varnames, code.co_freevars)).encode()
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _parts(constant)
        elif isinstance(constant, frozenset):  # in an order that differs from process to process
            yield repr(sorted(map(repr, constant))).encode()
        else:
            yield repr(constant).encode(errors="replace")
