"""Make a value what its type hint says.

A value that fits already is given back as it is, the same object. Texts and numbers become what the standard library's
types make of them (see `scalars`), dictionaries become dataclasses, lists of lists tuples, and so on. Whatever pydantic
was needed for to write it down is left to pydantic.
"""

from __future__ import annotations

import dataclasses
import types
from collections import abc, deque
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, Literal, NoReturn, TypeVar, Union, get_args, get_origin, is_typeddict

from orchestrator.sdk.type_hints.misfits import Misfit, Problem
from orchestrator.sdk.type_hints.models import fit_by_pydantic, is_pydantics
from orchestrator.sdk.type_hints.reading import described, field_hints, inner_hint, required_keys
from orchestrator.sdk.type_hints.scalars import SCALARS

_ROWS = (list, tuple, set, frozenset, deque)


def fit(value: Any, hint: Any) -> Any:
    """The value as the hint says. Raises Misfit. Hints that say nothing about values let every value pass."""
    if hint is Any or hint is object or isinstance(hint, (str, TypeVar)):
        return value
    if hint is None or hint is type(None):
        return None if value is None else _refuse(value, hint)
    if is_pydantics(hint):
        return fit_by_pydantic(value, hint)
    inner = inner_hint(hint)
    if inner is not None:
        return fit(value, inner)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _fit_union(value, hint, arguments)
    if origin is Literal:
        return _fit_literal(value, hint, arguments)
    kind = origin or hint
    if kind in SCALARS:
        return _fit_scalar(value, hint, SCALARS[kind])
    return _fit_kind(value, hint, kind, arguments) if isinstance(kind, type) else value


def _fit_union(value: Any, hint: Any, arguments: tuple[Any, ...]) -> Any:
    """The first type that the value fits as it is; else the first that it can be made."""
    if any(is_pydantics(each) for each in arguments):
        return fit_by_pydantic(value, hint)
    fitting = []
    for each in arguments:
        try:
            fitting.append(fit(value, each))
        except Misfit:
            continue
        if fitting[-1] is value:
            return value
    if not fitting:
        _refuse(value, hint)
    return fitting[0]


def _fit_literal(value: Any, hint: Any, arguments: tuple[Any, ...]) -> Any:
    for each in arguments:
        if type(each) is type(value) and each == value:
            return each
        if isinstance(each, Enum) and each.value == value:
            return each
    return _refuse(value, hint)


def _fit_scalar(value: Any, hint: Any, convert: Callable[[Any], Any]) -> Any:
    try:
        return convert(value)
    except (ValueError, TypeError, ArithmeticError, OSError):
        _refuse(value, hint)


def _fit_kind(value: Any, hint: Any, kind: type, arguments: tuple[Any, ...]) -> Any:
    if issubclass(kind, Enum):
        return _fit_enum(value, kind)
    if is_typeddict(kind):
        return _fit_typed_dict(value, kind)
    if dataclasses.is_dataclass(kind):
        return _fit_dataclass(value, kind)
    if issubclass(kind, tuple):
        return _fit_tuple(value, hint, kind, arguments)
    if kind in _MADE_OF_ROWS:
        return _fit_row(value, hint, kind, arguments)
    if issubclass(kind, dict) or kind in (abc.Mapping, abc.MutableMapping):
        return _fit_dictionary(value, hint, kind, arguments)
    if kind is type:
        return value if isinstance(value, type) else _refuse(value, hint)
    try:
        fits = isinstance(value, kind)
    except TypeError:  # a protocol that does not want to be asked
        return value
    return value if fits else _refuse(value, hint)


def _fit_enum(value: Any, kind: type[Enum]) -> Any:
    if isinstance(value, kind):
        return value
    for member in kind:
        if member.value == value and type(member.value) is type(value):
            return member
    for member in kind:
        try:
            if fit(value, type(member.value)) == member.value:
                return member
        except Misfit:
            continue
    return _refuse(value, kind)


_MADE_OF_ROWS: dict[Any, Any] = {
    list: list,
    set: set,
    frozenset: frozenset,
    deque: deque,
    abc.Sequence: list,
    abc.MutableSequence: list,
    abc.Collection: list,
    abc.Set: frozenset,
    abc.MutableSet: set,
    abc.Iterable: list,
}
_ANY_ROW = (abc.Sequence, abc.Collection, abc.Iterable)


def _fit_row(value: Any, hint: Any, kind: Any, arguments: tuple[Any, ...]) -> Any:
    fits_already = isinstance(value, kind) and (not isinstance(value, (str, bytes, dict)) or kind is abc.Iterable)
    if fits_already and not arguments:
        return value
    if kind in _ANY_ROW and fits_already and not isinstance(value, _ROWS):
        return value  # a generator, say, is not used up by looking at it; what it gives is the author's matter
    if not isinstance(value, (*_ROWS, abc.Iterator, abc.KeysView, abc.ValuesView)):
        _refuse(value, hint)
    given = list(value)
    items = _fit_items(given, [arguments[0] if arguments else Any] * len(given))
    if fits_already and _same(items, given):
        return value
    make: Any = type(value) if kind in _ANY_ROW and fits_already else _MADE_OF_ROWS[kind]
    try:
        return make(items)
    except TypeError as error:  # a set of what cannot be in one
        raise Misfit([Problem("", value, described(hint), str(error))]) from None


def _fit_tuple(value: Any, hint: Any, kind: type, arguments: tuple[Any, ...]) -> Any:
    if hasattr(kind, "_fields"):
        return _fit_named_tuple(value, kind)
    if not isinstance(value, (*_ROWS, abc.Iterator)):
        _refuse(value, hint)
    given = list(value)
    if not arguments:
        hints: list[Any] = [Any] * len(given)
    elif arguments[-1] is ...:
        hints = [arguments[0]] * len(given)
    else:
        hints = [] if arguments == ((),) else list(arguments)
    if len(hints) != len(given):
        raise Misfit([Problem("", value, described(hint), f"{len(given)} items, not {len(hints)}")])
    items = _fit_items(given, hints)
    return value if isinstance(value, kind) and _same(items, given) else tuple(items)


def _fit_items(given: list[Any], hints: list[Any]) -> list[Any]:
    items: list[Any] = []
    problems: list[Problem] = []
    for index, (item, hint) in enumerate(zip(given, hints, strict=True)):
        try:
            items.append(fit(item, hint))
        except Misfit as misfit:
            problems += [problem.inside(f"[{index}]") for problem in misfit.problems]
    if problems:
        raise Misfit(problems)
    return items


def _fit_dictionary(value: Any, hint: Any, kind: Any, arguments: tuple[Any, ...]) -> Any:
    if not isinstance(value, abc.Mapping):
        _refuse(value, hint)
    if len(arguments) != 2:
        return value if isinstance(value, kind) else dict(value)
    fitted: dict[Any, Any] = {}
    problems: list[Problem] = []
    same = isinstance(value, kind)
    for key, item in value.items():
        try:
            new_key, new_item = fit(key, arguments[0]), fit(item, arguments[1])
        except Misfit as misfit:
            problems += [problem.inside(f"[{key!r}]") for problem in misfit.problems]
            continue
        same = same and new_key is key and new_item is item
        fitted[new_key] = new_item
    if problems:
        raise Misfit(problems)
    return value if same else fitted


def _fit_named_tuple(value: Any, kind: Any) -> Any:
    if isinstance(value, kind):
        return value
    if isinstance(value, (list, tuple)):
        if len(value) > len(kind._fields):
            raise Misfit([Problem("", value, kind.__name__, f"{len(value)} items, not {len(kind._fields)}")])
        value = dict(zip(kind._fields, value, strict=False))
    needed = set(kind._fields) - set(kind._field_defaults)
    return kind(**_fit_fields(value, kind, known=kind._fields, needed=needed))


def _fit_dataclass(value: Any, kind: Any) -> Any:
    if isinstance(value, kind):
        return value
    fields = [each for each in dataclasses.fields(kind) if each.init]
    needed = {
        each.name
        for each in fields
        if each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING
    }
    found = _fit_fields(value, kind, known=[each.name for each in fields], needed=needed)
    try:
        return kind(**found)
    except (ValueError, TypeError) as error:  # what its __post_init__ says against it
        raise Misfit([Problem("", value, kind.__name__, str(error))]) from None


def _fit_typed_dict(value: Any, kind: Any) -> Any:
    """Keys that it does not name stay."""
    fields = field_hints(kind)
    known = list(fields) + [key for key in value if key not in fields] if isinstance(value, dict) else list(fields)
    fitted = _fit_fields(value, kind, known=known, needed=required_keys(kind))
    return value if all(fitted[key] is value[key] for key in fitted) else fitted


def _fit_fields(value: Any, kind: type, *, known: Iterable[str], needed: Iterable[str]) -> dict[str, Any]:
    if not isinstance(value, abc.Mapping):
        _refuse(value, kind)
    hints = field_hints(kind)
    known = list(known)
    fitted: dict[str, Any] = {}
    missing = sorted(set(needed) - set(value))
    problems = [Problem("", value, kind.__name__, f"{name!r} is missing") for name in missing]
    for name, item in value.items():
        if name not in known:
            said = f"it has no {name!r}, but {', '.join(known)}"
            problems.append(Problem("", value, kind.__name__, said))
            continue
        try:
            fitted[name] = fit(item, hints.get(name, Any))
        except Misfit as misfit:
            problems += [problem.inside(f".{name}") for problem in misfit.problems]
    if problems:
        raise Misfit(problems)
    return fitted


def _same(items: list[Any], given: list[Any]) -> bool:
    return all(one is other for one, other in zip(items, given, strict=True))


def _refuse(value: Any, hint: Any) -> NoReturn:
    raise Misfit([Problem("", value, described(hint))])
