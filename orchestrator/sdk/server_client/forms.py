"""JSON objects whose fields are known by name, so that a misspelt one is told before it is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias

from orchestrator.contract.times import format_time, parse_time, to_utc
from orchestrator.sdk.errors import FilterError
from orchestrator.sdk.server_client.dumping import chosen
from orchestrator.sdk.values.json_values import to_json
from orchestrator.sdk.values.nearest import nearest

# What a field takes: a check that gives the value back as it is sent, or raises ValueError with what is needed.
Kind: TypeAlias = Callable[[Any], Any]


class Form:
    """Fields by keyword, read as attributes. Made by `form`; raises FilterError for a field that cannot be used.

    Type checkers see the fields of each in the `.pyi` beside the module that makes it.
    """

    _kinds: ClassVar[Mapping[str, Kind]] = {}
    _sends_none: ClassVar[bool] = False  # a filter does not; to change something to nothing, it has to be said

    def __init__(self, **given: Any) -> None:
        checked = {name: self._checked(name, value) for name, value in given.items()}
        self._given = {name: value for name, value in checked.items() if value is not None or self._sends_none}

    if not TYPE_CHECKING:  # a checker is to refuse a field that there is not

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_") or name not in type(self)._kinds:
                raise AttributeError(f"{type(self).__name__} has no field {name!r}")
            return self._given.get(name)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.model_dump() == other.model_dump()

    def __hash__(self) -> int:
        return hash((type(self), repr(self)))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self._given.items())})"

    def model_dump(
        self,
        *,
        mode: str = "json",
        include: Iterable[str] | None = None,
        exclude: Iterable[str] | None = None,
        exclude_none: bool = False,
        exclude_unset: bool = True,
    ) -> dict[str, Any]:
        """What is sent: the fields that were given, as JSON, whatever `mode` and `exclude_unset` say.

        `include` and `exclude` name fields, `exclude_none` leaves out those that are to become nothing.
        """
        sent = {name: _sent(value) for name, value in self._given.items()}
        return chosen(sent, include=include, exclude=exclude, exclude_none=exclude_none)

    @classmethod
    def of(cls, given: Any, *, name: str) -> Self:
        """The form that an argument means: one of this kind, a mapping, or a model of pydantic's."""
        if isinstance(given, cls):
            return given
        if isinstance(given, Form):
            raise FilterError(f"{name} is a {type(given).__name__}; a {cls.__name__} is needed")
        fields = _fields(given)
        if fields is None:
            raise FilterError(f"{name} is {given!r}; a {cls.__name__} or a dict is needed")
        return cls(**{str(key): value for key, value in fields.items()})

    def _checked(self, name: str, value: Any) -> Any:
        kind = self._kind(name)
        if value is None:
            return None
        try:
            return kind(value)
        except FilterError as error:
            raise FilterError(f"{type(self).__name__}.{name}: {error}") from None
        except ValueError as error:
            raise FilterError(f"{type(self).__name__}.{name} is {value!r}; {error}") from None

    def _kind(self, name: str) -> Kind:
        known = type(self)._kinds
        if name in known:
            return known[name]
        near = nearest(name, known, cutoff=0.5)
        tip = f"did you mean {near!r}?" if near else f"there are: {', '.join(known)}"
        raise FilterError(f"{type(self).__name__} has no field {name!r}; {tip}")


def form(name: str, about: str, /, *, sends_none: bool = False, **fields: Kind | type[Form]) -> type[Form]:
    """A class of forms. A field that is a form itself also takes a dict."""
    import inspect
    import sys

    kinds = {each: Part(kind) if isinstance(kind, type) else kind for each, kind in fields.items()}
    made = type(
        name, (Form,), {"_kinds": kinds, "_sends_none": sends_none, "__doc__": f"{about} Fields: {', '.join(fields)}."}
    )
    made.__module__ = sys._getframe(1).f_globals["__name__"]
    keywords = [inspect.Parameter(each, inspect.Parameter.KEYWORD_ONLY, default=None) for each in fields]
    made.__signature__ = inspect.Signature(keywords)  # type: ignore[attr-defined]
    return made


def ANYTHING(value: Any) -> Any:
    return value


def LIST(value: Any) -> list[Any]:
    if isinstance(value, (str, bytes, Mapping)) or not hasattr(value, "__iter__"):
        raise ValueError("a list is needed")
    return list(value)


def TEXT(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a text is needed")
    return value


def YES_OR_NO(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("True or False is needed")
    return value


def NUMBER(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("a number is needed")
    return value


def MOMENT(value: Any) -> str:
    """A time; one without an offset is taken as UTC."""
    if isinstance(value, datetime):
        return format_time(to_utc(value))
    if not isinstance(value, str):
        raise ValueError("a time is needed")
    try:
        return format_time(parse_time(value))
    except ValueError:
        raise ValueError("a time is needed, such as 2026-01-31T12:00:00Z") from None


def OPERATOR(value: Any) -> str:
    """How the fields go together."""
    text = str(getattr(value, "value", value))
    if text not in {"and_", "or_"}:
        raise ValueError("'and_' or 'or_' is needed")
    return text


class Part:
    """A form inside of a form; `many` takes several of them as well."""

    def __init__(self, kind: type[Form], *, many: bool = False) -> None:
        self.kind = kind
        self.many = many

    def __call__(self, value: Any) -> Any:
        if self.many and isinstance(value, (list, tuple)):
            return [self.kind.of(each, name=self.kind.__name__) for each in value]
        return self.kind.of(value, name="it")


def as_body(given: Any, *, name: str) -> dict[str, Any]:
    """What is sent for an argument: a form, a record, a model of pydantic's, or a mapping."""
    fields = _fields(given)
    if fields is None:
        raise FilterError(f"{name} is {given!r}; a dict of what is to be sent is needed")
    sent: dict[str, Any] = to_json(dict(fields))
    return sent


def _fields(given: Any) -> Mapping[str, Any] | None:
    """The fields of a form, a record, a model of pydantic's or a mapping; None for anything else."""
    dump = getattr(given, "model_dump", None)
    if callable(dump) and not isinstance(given, type):
        given = dump(mode="json", exclude_unset=True)
    return given if isinstance(given, Mapping) else None


def _sent(value: Any) -> Any:
    if isinstance(value, Form):
        return value.model_dump()
    if isinstance(value, list):
        return [_sent(each) for each in value]
    return to_json(value)
