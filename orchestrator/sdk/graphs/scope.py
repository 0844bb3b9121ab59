"""What a name means outside of the function that uses it, looked up without executing anything."""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import inspect
import os
import sys
import types
from typing import Any

from orchestrator.sdk.graphs.source import plain_function

MISSING = object()
_INSTALLED = ("site-packages", "dist-packages")


class Scope:
    """The names that a loaded function sees: those of the functions around it, of its module, built-in ones."""

    def __init__(self, fn: Any) -> None:
        self.function = plain_function(fn)
        self.file = os.path.abspath(self.function.__code__.co_filename)
        self._names: dict[str, Any] = self.function.__globals__

    def look_up(self, name: str) -> Any:
        code = self.function.__code__
        if name in code.co_freevars:
            try:
                return (self.function.__closure__ or ())[code.co_freevars.index(name)].cell_contents
            except ValueError:  # it gets its value later
                return MISSING
        found = self._names.get(name, MISSING)
        return vars(builtins).get(name, MISSING) if found is MISSING else found

    def owner(self) -> Any:
        """The class in whose body the function is defined; None when it is in none that can be found."""
        found: Any = None
        *outer, _ = self.function.__qualname__.split(".")
        for part in outer:
            found = self._names.get(part) if found is None else attribute(found, part)
            if not inspect.isclass(found):
                return None
        return found

    def module(self, name: str, level: int = 0) -> Any:
        """A module that is imported inside the function. The author's own is loaded if need be, others are not."""
        if level:
            package = str(self._names.get("__package__") or "")
            name = importlib.util.resolve_name("." * level + name, package) if package else name
        if name in sys.modules:
            return sys.modules[name]
        try:
            found = importlib.util.find_spec(name)
            if found is None or not self.is_own(found.origin):
                return MISSING
            return importlib.import_module(name)
        except Exception:  # noqa: BLE001 - the author's module may raise anything; then it is not known
            return MISSING

    def is_own(self, file: str | None) -> bool:
        """Whether the author wrote the file: it is in or below the directory of the function's own."""
        if not file or any(f"{os.sep}{part}{os.sep}" in file for part in _INSTALLED):
            return False
        return os.path.abspath(file).startswith(os.path.join(os.path.dirname(self.file), ""))

    def may_be_read(self, thing: Any) -> bool:
        """Whether it is a function of the author's, whose source tells more."""
        function = plain_function(thing)
        if not isinstance(function, types.FunctionType):
            return False
        return function.__globals__ is self._names or self.is_own(function.__code__.co_filename)


def is_a(thing: Any, *kinds: type) -> bool:
    """`isinstance` that asks the object nothing: those that are made on first use would be made by it."""
    return issubclass(type(thing), kinds)


def name_of(thing: Any) -> tuple[str, str]:
    """The module and the name of a function or class; empty texts for anything else."""
    if is_a(thing, type, types.FunctionType, types.BuiltinFunctionType, types.MethodType):
        found = (getattr(thing, "__module__", ""), getattr(thing, "__name__", ""))
    else:  # a function in a wrapping that carries its name
        found = (inspect.getattr_static(thing, "__module__", ""), inspect.getattr_static(thing, "__name__", ""))
    module, name = (each if type(each) is str else "" for each in found)
    return module, name


def attribute(thing: Any, name: str) -> Any:
    """The attribute, without executing properties; MISSING when there is none."""
    if is_a(thing, types.ModuleType):
        found = vars(thing).get(name, MISSING)
        return sys.modules.get(f"{thing.__name__}.{name}", MISSING) if found is MISSING else found
    found = inspect.getattr_static(thing, name, MISSING)
    if is_a(found, staticmethod, classmethod):
        return found.__func__
    return MISSING if is_a(found, property, types.MemberDescriptorType) else found
