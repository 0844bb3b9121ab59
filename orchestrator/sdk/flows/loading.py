"""From an entrypoint, `path/file.py:flow_name`, to the flow, always as the file is now."""

from __future__ import annotations

import hashlib
import importlib
import importlib.abc
import importlib.machinery
import os
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, Any, cast

from orchestrator.sdk.errors import FlowNotFound
from orchestrator.sdk.options.loadable import Loadable

if TYPE_CHECKING:
    from orchestrator.sdk.flows.flow import Flow

_FOREIGN = ("site-packages", "dist-packages")
_serial = count(1)


def load_flow(entrypoint: str, *, directory: str | None = None) -> Flow[Any, Any]:
    """The flow that the entrypoint names. The file is read and executed anew at every call, and so is what it imports
    from its own directory or from `directory` when that is imported next.

    A relative path begins in `directory`; None is the current one. Both directories stay on `sys.path`: use
    `opened_flow` to have them taken away afterwards. Raises FlowNotFound, or whatever the file itself raises.
    """
    path, name = _split(entrypoint, directory)
    directories = _directories(path, directory)
    forget_modules_of(directories)
    for each in reversed(directories):
        if each not in sys.path:
            sys.path.insert(0, each)
    importlib.invalidate_caches()
    finder = _FreshFinder(directories)
    sys.meta_path.insert(0, finder)
    try:
        module = _execute(path)
    finally:
        sys.meta_path.remove(finder)
    return _flow_in(module, name, path)


@contextmanager
def opened_flow(entrypoint: str, *, directory: str | None = None) -> Iterator[Flow[Any, Any]]:
    """`load_flow` for one run: afterwards `sys.path` and the loaded modules are as before."""
    path, _ = _split(entrypoint, directory)
    directories = _directories(path, directory)
    before = list(sys.path)
    finder = _FreshFinder(directories)
    try:
        flow = load_flow(entrypoint, directory=directory)
        sys.meta_path.insert(0, finder)  # for imports inside functions, while the flow runs
        yield flow
    finally:
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)
        forget_modules_of(directories)
        sys.path[:] = before


def forget_modules_of(directories: list[str]) -> None:
    """Drop modules that were imported from these directories, so that the next import reads them again.

    Installed libraries stay, also when they are installed below one of the directories, and so do Orchestrator and
    `__main__`.
    """
    roots = tuple(os.path.join(each, "") for each in directories)
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not file or not _whole(file).startswith(roots):
            continue  # which is said of nearly all, so it is looked at first
        if _is_below(_whole(file), roots) and name != "__main__" and name.partition(".")[0] != "orchestrator":
            del sys.modules[name]


class _FreshFinder(importlib.abc.MetaPathFinder):
    """Finds modules below the flow's directories and compiles their source each time.

    A cached `.pyc` is trusted by second and size, which is not enough for code that was changed a moment ago.
    """

    def __init__(self, directories: list[str]) -> None:
        self._roots = tuple(os.path.join(each, "") for each in directories)

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if fullname.partition(".")[0] == "orchestrator":
            return None
        for place in self._roots if path is None else path:
            if not _is_below(os.path.join(place, ""), self._roots):
                continue
            finder = importlib.machinery.FileFinder(place, (_FreshLoader, importlib.machinery.SOURCE_SUFFIXES))
            spec = finder.find_spec(fullname)
            if spec is not None and spec.loader is not None:
                return spec
        return None


class _FreshLoader(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname: str) -> Any:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def _split(entrypoint: str, directory: str | None) -> tuple[str, str]:
    path, colon, name = entrypoint.rpartition(":")
    if not colon or not path or not name:
        raise FlowNotFound(f"The entrypoint {entrypoint!r} is not of the form path/file.py:flow_name")
    return os.path.abspath(os.path.join(directory or os.getcwd(), path)), name


def _directories(path: str, directory: str | None) -> list[str]:
    """The file's own directory first, then the one that the deployment begins in."""
    own = os.path.dirname(path)
    base = os.path.abspath(directory) if directory else own
    return [own] if own == base else [own, base]


def _whole(path: str) -> str:
    """Absolute. Modules may call anything their file: a relative path, or an object that stands for a path."""
    return _plain(path) if type(path) is str and path.startswith(os.sep) else os.path.abspath(path)


# Kept, because every run of a warm process asks it of every module that is loaded there.
_plain = lru_cache(maxsize=10_000)(os.path.normpath)


def _is_below(path: str, roots: tuple[str, ...]) -> bool:
    return path.startswith(roots) and not any(f"{os.sep}{part}{os.sep}" in path for part in _FOREIGN)


def _execute(path: str) -> types.ModuleType:
    try:
        with open(path, "rb") as file:
            source = file.read()
    except OSError as error:
        raise FlowNotFound(f"The flow's file cannot be read: {path} ({error.strerror})") from None
    stem = os.path.splitext(os.path.basename(path))[0]
    digest = hashlib.sha256(path.encode()).hexdigest()[:8]
    module = types.ModuleType(f"{stem}_{digest}_{next(_serial)}")
    module.__file__ = path
    # Known under its name while it lives, as dataclasses, pickle and typing expect of a module.
    sys.modules[module.__name__] = module
    try:
        exec(compile(source, path, "exec"), module.__dict__)
    except BaseException:
        sys.modules.pop(module.__name__, None)
        raise
    return module


def _flow_in(module: types.ModuleType, name: str, path: str) -> Flow[Any, Any]:
    found: Any = module
    for part in name.split("."):
        found = getattr(found, part, None)
    if isinstance(found, Loadable):
        return cast("Flow[Any, Any]", found)
    flows = [key for key, value in vars(module).items() if isinstance(value, Loadable)]
    there = f"the flows there are: {', '.join(flows)}" if flows else "there is no flow in it"
    raise FlowNotFound(f"{path} has no flow {name!r}; {there}")
