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
    """Any Python value, through cloudpickle. Reading executes what was written: read only stores that you trust."""

    type = "pickle"

    def dumps(self, value: Any) -> bytes:
        import cloudpickle

        try:
            blob: bytes = cloudpickle.dumps(value)
        except Exception as error:
            raise ResultNotSerializable(f"A value of type {type(value).__name__} cannot be pickled: {error}") from error
        return blob

    def loads(self, blob: bytes) -> Any:
        import pickle

        return pickle.loads(blob)


class JSONSerializer:
    """JSON; dates, durations, UUIDs, decimals, paths, bytes, sets, dataclasses and pydantic models come back as they
    were. Tuples come back as lists, and keys of dictionaries as texts."""

    type = "json"

    def dumps(self, value: Any) -> bytes:
        from orchestrator.sdk.results.json_forms import to_form

        try:
            return json.dumps(value, default=to_form, separators=(",", ":"), ensure_ascii=False).encode()
        except (TypeError, ValueError, RecursionError) as error:
            told = f"A value of type {type(value).__name__} cannot be written as JSON: {error}"
            raise ResultNotSerializable(f'{told}. result_serializer="pickle" takes every value.') from error

    def loads(self, blob: bytes) -> Any:
        from orchestrator.sdk.results.json_forms import from_form

        return json.loads(blob, object_hook=from_form)


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
        blob: bytes = import_module(self.compressionlib).compress(self.serializer.dumps(value))
        return blob

    def loads(self, blob: bytes) -> Any:
        return self.serializer.loads(import_module(self.compressionlib).decompress(blob))


_known: dict[str, Serializer] = {"pickle": PickleSerializer(), "json": JSONSerializer()}


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
        return _known.setdefault(given.type, given)
    if given in _known:
        return _known[given]
    if given.startswith("compressed/"):
        inner, _, library = given.removeprefix("compressed/").partition("+")
        return _known.setdefault(given, CompressedSerializer(inner, library or "lzma"))
    names = "pickle, json, compressed/pickle, compressed/json"
    raise SettingError(f"result_serializer is {given!r}; use {names}, or an object with type, dumps and loads")
