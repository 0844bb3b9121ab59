"""Values as bytes and back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib import import_module
from typing import Any, Protocol, runtime_checkable

from orchestrator.sdk.errors import ResultNotSerializable, ResultStorageError, SettingError
from orchestrator.sdk.values.json_values import to_json

_COMPRESSIONS = ("lzma", "zlib", "bz2", "gzip")
_OURS = ("json", "pickle")
_OPTIONS = ("jsonlib", "object_decoder", "loads_kwargs", "picklelib")  # that a record may name
_OF_AUTHORS = ("object_decoder", "loads_kwargs")  # code, or what plain JSON would read as something else


@runtime_checkable
class Serializer(Protocol):
    """Anything with these three can be a `result_serializer`. `type` names it in what is stored: a class of an author
    has one of its own, which also says the options that reading depends on, if there are any."""

    type: str

    def dumps(self, value: Any) -> bytes: ...

    def loads(self, blob: bytes) -> Any: ...


class PickleSerializer:
    """Any Python value, through cloudpickle. Reading executes what was written: read only stores that you trust.

    `picklelib` is another module with `dumps` and `loads`, such as "pickle" or "dill". Raises SettingError.
    """

    type = "pickle"

    def __init__(self, picklelib: str = "cloudpickle") -> None:
        self.picklelib = picklelib
        if picklelib != "cloudpickle":
            _library("picklelib", picklelib, ("dumps", "loads"))

    def __repr__(self) -> str:
        return f"PickleSerializer(picklelib={self.picklelib!r})"

    @property
    def reading_options(self) -> dict[str, Any]:
        """What reading depends on besides the type; see `options_of`."""
        return {} if self.picklelib in ("cloudpickle", "pickle") else {"picklelib": self.picklelib}

    def dumps(self, value: Any) -> bytes:
        """The pickled value. Raises ResultNotSerializable."""
        library = import_module(self.picklelib)
        try:
            blob: bytes = library.dumps(value)
        except Exception as error:
            raise ResultNotSerializable(f"A value of type {type(value).__name__} cannot be pickled: {error}") from error
        return blob

    def loads(self, blob: bytes) -> Any:
        """The value again. It executes what the pickle says; raises what the library raises."""
        return import_module("pickle" if self.picklelib == "cloudpickle" else self.picklelib).loads(blob)


class JSONSerializer:
    """JSON; dates, durations, UUIDs, decimals, paths, bytes, sets, dataclasses and pydantic models come back as they
    were. Tuples come back as lists, and keys of dictionaries as texts.

    `jsonlib` is another module with `dumps` and `loads`, such as "orjson"; what it writes in its own way, as orjson
    writes dates, comes back as it reads it. `object_encoder` and `object_decoder` name functions, as `module.function`,
    in the place of ours: the first gives JSON values for what JSON does not know, the second is called with each object
    that is read. `dumps_kwargs` and `loads_kwargs` go to the library. Raises SettingError.
    """

    type = "json"

    def __init__(
        self,
        jsonlib: str = "json",
        object_encoder: str | None = None,
        object_decoder: str | None = None,
        dumps_kwargs: dict[str, Any] | None = None,
        loads_kwargs: dict[str, Any] | None = None,
    ) -> None:
        self.jsonlib = jsonlib
        self.object_encoder = object_encoder
        self.object_decoder = object_decoder
        self.dumps_kwargs = _without("default", "dumps_kwargs", "object_encoder", dumps_kwargs)
        self.loads_kwargs = _without("object_hook", "loads_kwargs", "object_decoder", loads_kwargs)
        self._encode = _function("object_encoder", object_encoder)
        self._decode = _function("object_decoder", object_decoder)
        library = json if jsonlib == "json" else _library("jsonlib", jsonlib, ("dumps", "loads"))
        if library is json:
            self.dumps_kwargs = {"separators": (",", ":"), "ensure_ascii": False, **self.dumps_kwargs}
        self._reads = jsonlib if library is json or _takes_hooks(library) else "json"

    def __repr__(self) -> str:
        return f"JSONSerializer(jsonlib={self.jsonlib!r})"

    @property
    def reading_options(self) -> dict[str, Any]:
        """What reading depends on besides the type; see `options_of`."""
        told = {
            "jsonlib": self._reads if self._reads != "json" else None,
            "object_decoder": self.object_decoder,
            "loads_kwargs": _as_text(self.loads_kwargs) if self.loads_kwargs else None,
        }
        return {name: value for name, value in told.items() if value is not None}

    def dumps(self, value: Any) -> bytes:
        """The value as JSON, in UTF-8. Raises ResultNotSerializable."""
        from orchestrator.sdk.results.json_forms import to_form

        library = import_module(self.jsonlib)
        try:
            text: str | bytes = library.dumps(value, default=self._encode or to_form, **self.dumps_kwargs)
        except (TypeError, ValueError, RecursionError) as error:
            told = f"A value of type {type(value).__name__} cannot be written as JSON: {error}"
            raise ResultNotSerializable(f'{told}. result_serializer="pickle" takes every value.') from error
        return text.encode("utf-8", "strict") if isinstance(text, str) else text

    def loads(self, blob: bytes) -> Any:
        """The value again. Raises what the library raises for what is no JSON."""
        from orchestrator.sdk.results.json_forms import from_form

        library = import_module(self._reads)
        return library.loads(blob.decode(), object_hook=self._decode or from_form, **self.loads_kwargs)


class CompressedSerializer:
    """What another serializer writes, made smaller by `compressionlib`: lzma, zlib, bz2 or gzip."""

    def __init__(self, serializer: str | Serializer = "pickle", compressionlib: str = "lzma") -> None:
        if compressionlib not in _COMPRESSIONS:
            raise SettingError(f"compressionlib is {compressionlib!r}; use one of {', '.join(_COMPRESSIONS)}")
        self.serializer = serializer_for(serializer)
        self.compressionlib = compressionlib
        ending = "" if compressionlib == "lzma" else f"+{compressionlib}"
        self.type = f"compressed/{self.serializer.type}{ending}"

    @property
    def reading_options(self) -> dict[str, Any]:
        """Those of the serializer inside; see `options_of`."""
        return options_of(self.serializer)

    def dumps(self, value: Any) -> bytes:
        """What the other serializer writes, compressed. Raises ResultNotSerializable."""
        blob: bytes = import_module(self.compressionlib).compress(self.serializer.dumps(value))
        return blob

    def loads(self, blob: bytes) -> Any:
        """The value again. Raises what the library and the other serializer raise."""
        return self.serializer.loads(import_module(self.compressionlib).decompress(blob))


class CompressedPickleSerializer(CompressedSerializer):
    """Pickles, made smaller."""

    def __init__(self, compressionlib: str = "lzma") -> None:
        super().__init__("pickle", compressionlib)


class CompressedJSONSerializer(CompressedSerializer):
    """JSON, made smaller."""

    def __init__(self, compressionlib: str = "lzma") -> None:
        super().__init__("json", compressionlib)


def serializer_for(given: str | Serializer | None) -> Serializer:
    """By name: pickle, json, compressed/pickle, compressed/json; or an own one. None takes the setting.

    Raises SettingError for a name that nobody knows.
    """
    if given is None:
        from orchestrator.sdk.configuration.settings import value_of

        given = value_of("ORCHESTRATOR_RESULTS_DEFAULT_SERIALIZER") or "pickle"
    if not isinstance(given, str):
        if not isinstance(given, Serializer) or not isinstance(given.type, str):
            raise SettingError(f"result_serializer is {given!r}; a name, or an object with type, dumps and loads")
        if innermost(given.type) not in _OURS:
            _known[given.type] = given  # whoever reads what it wrote finds it; the latest, as in notebooks
        return given
    if given in _known:
        return _known[given]
    if given.startswith("compressed/"):
        return _compressed(given, None)
    names = "pickle, json, compressed/pickle, compressed/json"
    raise SettingError(f"result_serializer is {given!r}; use {names}, or an object with type, dumps and loads")


def options_of(serializer: Serializer) -> dict[str, Any]:
    """What reading depends on besides the type. Of an author's own, nothing: its type says all."""
    if type(serializer).__module__ != __name__:
        return {}
    options: dict[str, Any] = getattr(serializer, "reading_options", {})
    return options


def serializer_that_wrote(
    kind: str, options: dict[str, Any], *, location: str, told: Iterable[Serializer] = ()
) -> Serializer:
    """The serializer of this type and with these options (see `options_of`): one of those told of, or one that is
    called by its name. No function that only a record names is called.

    Raises ResultStorageError for options that none of them has, SettingError for a type that nobody knows.
    """
    named = {name: value for name, value in options.items() if name in _OPTIONS}
    if named or innermost(kind) not in _OURS:  # else it is ours, and no class that only calls itself so
        for each in told:
            if each.type == kind and options_of(each) == named:
                return each
    unknown = ", ".join(f"{name}={named[name]!r}" for name in _OF_AUTHORS if name in named)
    if unknown:
        raise ResultStorageError(
            f"The result in {location} was written by a serializer {kind!r} with {unknown}, which no flow or task of "
            "this process names for that storage: import the module of one that has it as result_serializer"
        )
    if "picklelib" in named and innermost(kind) == "pickle":  # no more power than a pickle has anyway
        return _compressed(kind, PickleSerializer(picklelib=named["picklelib"]))
    return serializer_for(kind)


def innermost(kind: str) -> str:
    """`json` of `compressed/json+zlib`."""
    while kind.startswith("compressed/"):
        kind = kind.removeprefix("compressed/").partition("+")[0]
    return kind


def _compressed(kind: str, inside: Serializer | None) -> Serializer:
    """The one of this name; `inside` None is called by its name too."""
    if not kind.startswith("compressed/"):
        return inside if inside is not None else serializer_for(kind)
    inner, _, library = kind.removeprefix("compressed/").partition("+")
    return CompressedSerializer(_compressed(inner, inside), library or "lzma")


def _library(option: str, name: str, functions: tuple[str, ...]) -> Any:
    try:
        library = import_module(name)
    except (ImportError, ValueError, TypeError, AttributeError) as error:
        raise SettingError(f"{option} is {name!r}, which cannot be imported: {error}") from error
    missing = [each for each in functions if not callable(getattr(library, each, None))]
    if missing:
        raise SettingError(f"{option} is {name!r}, which has no {' and no '.join(missing)}")
    return library


def _as_text(options: dict[str, Any]) -> str:
    """Keyword arguments of a library; functions and classes among them by name."""
    told = {name: getattr(value, "__qualname__", None) or to_json(value) for name, value in options.items()}
    return json.dumps(told, sort_keys=True)


def _function(option: str, name: str | None) -> Any:
    if name is None:
        return None
    module, _, function = name.rpartition(".") if isinstance(name, str) else ("", "", "")
    if not module or not function:
        raise SettingError(f"{option} is {name!r}; use the name of a function with its module: 'module.function'")
    return getattr(_library(option, module, (function,)), function)


def _without(keyword: str, option: str, instead: str, given: dict[str, Any] | None) -> dict[str, Any]:
    if given and keyword in given:
        raise SettingError(f"{option} has {keyword!r}; use {instead} for that")
    return dict(given or {})


def _takes_hooks(library: Any) -> bool:
    try:
        library.loads("{}", object_hook=dict)
    except TypeError:
        return False
    return True


_known: dict[str, Serializer] = {"pickle": PickleSerializer(), "json": JSONSerializer()}
