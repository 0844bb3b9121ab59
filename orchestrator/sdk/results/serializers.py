"""Values as bytes and back."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any, Protocol, runtime_checkable

from orchestrator.sdk.errors import ResultNotSerializable, SettingError

_COMPRESSIONS = ("lzma", "zlib", "bz2", "gzip")


@runtime_checkable
class Serializer(Protocol):
    """Anything with these three can be a `result_serializer`. `type` names it in what is stored."""

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
        if not isinstance(given, Serializer):
            raise SettingError(f"result_serializer is {given!r}; a name, or an object with type, dumps and loads")
        _known.setdefault(given.type, given)  # whoever reads what it wrote finds it by its type
        return given
    if given in _known:
        return _known[given]
    if given.startswith("compressed/"):
        inner, _, library = given.removeprefix("compressed/").partition("+")
        return _known.setdefault(given, CompressedSerializer(inner, library or "lzma"))
    names = "pickle, json, compressed/pickle, compressed/json"
    raise SettingError(f"result_serializer is {given!r}; use {names}, or an object with type, dumps and loads")


def _library(option: str, name: str, functions: tuple[str, ...]) -> Any:
    try:
        library = import_module(name)
    except (ImportError, ValueError, TypeError, AttributeError) as error:
        raise SettingError(f"{option} is {name!r}, which cannot be imported: {error}") from error
    missing = [each for each in functions if not callable(getattr(library, each, None))]
    if missing:
        raise SettingError(f"{option} is {name!r}, which has no {' and no '.join(missing)}")
    return library


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
