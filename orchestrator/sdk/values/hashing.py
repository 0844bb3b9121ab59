"""One short text for a value: the same in every process for equal values, another for different ones.

Numbers, texts, bytes, lists, tuples, dictionaries and sets count by what they hold (1, True, 1.0 and "1" are four
different values); functions by their code; pydantic models by what they write of themselves; other objects by what
they would be pickled as. Nothing is pickled.
"""

from __future__ import annotations

import copyreg
import hashlib
import marshal
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from orchestrator.sdk.errors import UnhashableValue

_LENGTH = 16  # bytes of a digest
_BY_VALUE = 2  # the last version of the format in which equal values are equal bytes, whether shared or not
_PLAIN = frozenset({int, float, str, bool, bytes, type(None)})  # many of them at once are quicker so
_SORTABLE: tuple[set[type], ...] = ({str}, {int})


def digest(*values: Any) -> str:
    """32 hexadecimal digits. Raises UnhashableValue for what cannot be told by its content: locks, open files, …"""
    total = hashlib.blake2b(digest_size=_LENGTH)
    for value in values:
        try:
            total.update(_digest(value, {}))
        except RecursionError:
            raise UnhashableValue(f"A value of type {type(value).__name__} is nested too deeply to be hashed") from None
    return total.hexdigest()


def digest_of_code(fn: Any) -> str:
    """The compiled code of a function, whatever it closes over."""
    code = getattr(fn, "__code__", None)
    return digest(fn) if code is None else _code(code).hex()


def _digest(value: Any, seen: dict[int, int]) -> bytes:
    kind = type(value)
    if value is None or kind in (bool, int, float, complex):
        return f"{kind.__name__} {value!r}".encode()
    if kind is str:
        return b"str " + value.encode("utf-8", "surrogatepass")
    if kind in (bytes, bytearray):
        return _sum(kind.__name__, bytes(value))
    if id(value) in seen:
        return _sum("cycle", str(len(seen) - seen[id(value)]).encode())
    seen[id(value)] = len(seen)
    try:
        return _compound(value, kind, seen)
    finally:
        del seen[id(value)]


def _compound(value: Any, kind: type, seen: dict[int, int]) -> bytes:
    if kind in (list, tuple):
        if _PLAIN.issuperset(map(type, value)):
            return _sum(f"plain {kind.__name__}", marshal.dumps(value, _BY_VALUE))
        return _sum(kind.__name__, *(_digest(item, seen) for item in value))
    if kind in (set, frozenset):
        return _sum(kind.__name__, *sorted(_digest(item, seen) for item in value))
    if kind is dict:
        if set(map(type, value)) in _SORTABLE and _PLAIN.issuperset(map(type, value.values())):
            return _sum("plain dict", marshal.dumps(sorted(value.items()), _BY_VALUE))
        pairs = ((_digest(key, seen), _digest(item, seen)) for key, item in value.items())
        return _sum("dict", *(part for pair in sorted(pairs) for part in pair))
    if isinstance(value, type):
        return _sum("class", f"{value.__module__}.{value.__qualname__}".encode())
    if kind is FunctionType:
        return _function(value, seen)
    if kind is MethodType:
        return _sum("method", _digest(value.__func__, seen), _digest(value.__self__, seen))
    if value is Ellipsis or value is NotImplemented:
        return _sum("singleton", repr(value).encode())
    if kind is BuiltinFunctionType and (value.__self__ is None or isinstance(value.__self__, ModuleType)):
        return _sum("builtin", f"{value.__module__}.{value.__qualname__}".encode())
    return _object(value, seen)


def _function(value: FunctionType, seen: dict[int, int]) -> bytes:
    cells = [cell.cell_contents for cell in value.__closure__ or () if not _is_empty(cell)]
    parts = [value.__defaults__, value.__kwdefaults__, cells]
    name = f"{value.__module__}.{value.__qualname__}".encode()
    return _sum("function", name, _code(value.__code__), *(_digest(part, seen) for part in parts))


def _is_empty(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - looked at only to see whether there is something
    except ValueError:
        return True
    return False


def _code(code: CodeType) -> bytes:
    constants = [_code(each) if isinstance(each, CodeType) else _digest(each, {}) for each in code.co_consts]
    return _sum("code", code.co_code, " ".join(code.co_names).encode(), *constants)


def _object(value: Any, seen: dict[int, int]) -> bytes:
    name = f"{type(value).__module__}.{type(value).__qualname__}"
    if any(each.__module__ == "pydantic.main" for each in type(value).__mro__):
        return _sum("model", name.encode(), _digest(_written(value, name), seen))
    try:
        reduce = copyreg.dispatch_table.get(type(value))
        reduced: Any = reduce(value) if reduce is not None else value.__reduce_ex__(4)
    except Exception as error:  # noqa: BLE001 - the author's objects decide how they are taken apart
        raise UnhashableValue(f"A value of type {name} cannot be hashed: {error}") from None
    if isinstance(reduced, str):
        return _sum("global", f"{name}.{reduced}".encode())
    told: list[Any] = [*list(reduced)[:5], None, None, None]
    maker, arguments, state, items, pairs = told[:5]
    parts: list[Any] = [maker, arguments, state, list(items or ()), dict(pairs or ())]
    return _sum("object", name.encode(), *(_digest(part, seen) for part in parts))


def _written(model: Any, name: str) -> Any:
    """A pydantic model as it writes itself down, which its author may have said."""
    try:
        return model.model_dump()
    except Exception as error:  # noqa: BLE001 - as in _object
        raise UnhashableValue(f"A model of type {name} cannot be hashed: {error}") from None


def _sum(kind: str, *parts: bytes) -> bytes:
    total = hashlib.blake2b(kind.encode(), digest_size=_LENGTH)
    for part in parts:
        total.update(len(part).to_bytes(8, "little"))
        total.update(part)
    return b"# " + total.digest()
