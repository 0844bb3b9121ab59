"""Values as bytes and back."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any, Protocol, runtime_checkable

from orchestrator.sdk.errors import ResultNotSerializable, ResultStorageError, SettingError
from orchestrator.sdk.results.serializer_options import as_text, options_of

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
            "loads_kwargs": as_text(self.loads_kwargs) if self.loads_kwargs else None,
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
        if not isinstance(given, Serializer):
            raise SettingError(f"result_serializer is {given!r}; a name, or an object with type, dumps and loads")
        _remember(given)  # whoever reads what it wrote finds it
        return given
    if given in _known:
        return _known[given]
    if given.startswith("compressed/"):
        return _compressed(given, None)
    names = "pickle, json, compressed/pickle, compressed/json"
    raise SettingError(f"result_serializer is {given!r}; use {names}, or an object with type, dumps and loads")


def serializer_that_wrote(
    kind: str, options: dict[str, Any], *, location: str, own: Serializer | None = None
) -> Serializer:
    """The serializer of this type and with these options (see `options_of`) that this process was given; `own` is asked
    first. No function that only a record names is called: whoever reads has to know it.

    Raises ResultStorageError when there is none, SettingError for a type that nobody knows.
    """
    given = [each for each in ([own] if own is not None else []) + list(_given.values()) if each.type == kind]
    exact = next((each for each in given if options_of(each) == options), None)
    if exact is not None:
        return exact
    if options.keys() <= {"jsonlib"}:  # JSON is JSON, whoever has written it
        return serializer_for(kind)
    if (
        options.keys() == {"picklelib"} and innermost(kind) == "pickle"
    ):  # a pickle executes what it likes, so this gives it no more power
        return _compressed(kind, PickleSerializer(picklelib=options["picklelib"]))
    # The class may have another name here, as in a script, or options that have changed since.
    for similar in (
        [each for each in given if options_of(each).get("class") == options.get("class")],
        [each for each in given if "class" in options_of(each)],
    ):
        distinct = {id(each): each for each in similar}
        if "class" in options and len(distinct) == 1:
            return next(iter(distinct.values()))
    told = ", ".join(f"{name}={value!r}" for name, value in options.items())
    raise ResultStorageError(
        f"The result in {location} was written by a serializer {kind!r} with {told}, which this process does not know: "
        "import the module of the flow or task that names it"
    )


def innermost(kind: str) -> str:
    """`json` of `compressed/json+zlib`."""
    while kind.startswith("compressed/"):
        kind = kind.removeprefix("compressed/").partition("+")[0]
    return kind


def _remember(given: Serializer) -> None:
    """One of each kind and options, the latest: a cell of a notebook that is executed again makes another."""
    if id(given) in _given:
        return
    options = options_of(given)
    if not options:
        return
    for known in [key for key, each in list(_given.items()) if each.type == given.type and options_of(each) == options]:
        _given.pop(known, None)
    _given[id(given)] = given
    if "class" in options and given.type not in ("pickle", "json") and not given.type.startswith("compressed/"):
        _known[given.type] = given


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
_given: dict[int, Serializer] = {}  # by id: those with options, and those of authors
