"""The tasks of files and modules that somebody names on a command line."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from orchestrator.sdk.errors import TaskServingError

if TYPE_CHECKING:
    from orchestrator.sdk.tasks.task import Task


def load_tasks(places: Iterable[str]) -> list[Task[Any, Any]]:
    """Each place is `path/file.py:task`, `path/file.py` for all tasks of the file, or the same with a module's name.

    A file's directory, and for modules the current one, is put on `sys.path`. Raises TaskServingError, or whatever the
    file itself raises.
    """
    found: dict[int, Task[Any, Any]] = {}
    for place in places:
        for task in _tasks_at(place):
            found[id(task)] = task
    return list(found.values())


def _tasks_at(place: str) -> list[Any]:
    module_place, _, name = place.partition(":") if not os.path.exists(place) else (place, "", "")
    module = _file(module_place) if module_place.endswith(".py") else _module(module_place)
    there = {key: value for key, value in vars(module).items() if _is_task(value)}
    if not name:
        if not there:
            raise TaskServingError(f"{module_place} has no tasks; decorate its functions with @task")
        return list(there.values())
    value: Any = module
    for part in name.split("."):
        value = getattr(value, part, None)
    if not _is_task(value):
        known = f"the tasks there are: {', '.join(there)}" if there else "there is no task in it"
        raise TaskServingError(f"{module_place} has no task {name!r}; {known}")
    return [value]


def _is_task(value: Any) -> bool:
    return not isinstance(value, type) and hasattr(value, "apply_async") and hasattr(value, "task_key")


def _file(path: str) -> ModuleType:
    path = os.path.abspath(path)
    if not os.path.isfile(path):
        raise TaskServingError(f"There is no file {path}")
    directory, stem = os.path.dirname(path), os.path.splitext(os.path.basename(path))[0]
    known = sys.modules.get(stem)
    if known is not None and os.path.abspath(getattr(known, "__file__", None) or "") == path:
        return known
    if directory not in sys.path:
        sys.path.insert(0, directory)
    # Under its plain name, as its neighbours and what was pickled know it, unless that is another module's.
    name = stem if known is None else f"{stem}_{abs(hash(path)):x}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise TaskServingError(f"{path} cannot be loaded as a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def _module(name: str) -> ModuleType:
    if "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise  # something that it imports
        raise TaskServingError(f"There is no module {name!r}; a file is named with its ending: path/file.py") from None
