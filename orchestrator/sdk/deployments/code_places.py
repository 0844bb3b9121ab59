"""Where workers find the file or the module of a flow."""

from __future__ import annotations

import os
import sys
from enum import Enum
from typing import TYPE_CHECKING, Any

from orchestrator.sdk.errors import DeploymentError, FlowNotFound

if TYPE_CHECKING:
    from orchestrator.sdk.flows.flow import Flow


class EntrypointType(Enum):
    """How an entrypoint names a flow: by its file, or by its module."""

    FILE_PATH = "file_path"  # relative/file.py:function
    MODULE_PATH = "module_path"  # package.module.function


def place_of(flow: Flow[Any, Any], entrypoint_type: EntrypointType | str | None = None) -> tuple[str, str]:
    """Directory and entrypoint of the flow, of the type that is wanted; None is FILE_PATH.

    Raises FlowNotFound when there is no such file or module, DeploymentError for a type that there is not.
    """
    try:
        wanted = EntrypointType(entrypoint_type or EntrypointType.FILE_PATH)
    except ValueError:
        wanted = _of_the_same_name(entrypoint_type)
    return code_location(flow) if wanted is EntrypointType.FILE_PATH else module_location(flow)


def code_location(flow: Flow[Any, Any]) -> tuple[str, str]:
    """Directory and entrypoint of the file that defines the flow. Raises FlowNotFound when it has no file."""
    file, name = _file_and_name(flow)
    if not os.path.isfile(file):
        raise FlowNotFound(f"Flow {flow.name!r} is in no file that a worker could read; give entrypoint and path")
    here = os.getcwd()
    directory = here if file.startswith(os.path.join(here, "")) else os.path.dirname(file)
    return directory, f"{os.path.relpath(file, directory)}:{name}"


def module_location(flow: Flow[Any, Any]) -> tuple[str, str]:
    """The directory that the flow's module is imported from, and `package.module.function`.

    Raises FlowNotFound when the flow is in a script, a notebook or a module that was made by hand.
    """
    name = str(getattr(flow.fn, "__module__", None) or "__main__")
    module = sys.modules.get(name)
    file = os.path.abspath(getattr(module, "__file__", None) or "")
    relative = os.path.join(*name.split("."))
    for ending in (f"{relative}.py", os.path.join(relative, "__init__.py")):
        if name != "__main__" and file.endswith(os.sep + ending):
            directory = file.removesuffix(ending).rstrip(os.sep) or os.sep
            return directory, f"{name}.{_file_and_name(flow)[1]}"
    raise FlowNotFound(
        f"Flow {flow.name!r} is in {name}, which is no module that others could import; leave entrypoint_type out"
    )


def _file_and_name(flow: Flow[Any, Any]) -> tuple[str, str]:
    built = getattr(flow, "place_of_code", None)  # of a flow from a block, which has no function of its author's
    if built is not None:
        place: tuple[str, str] = built()
        return place
    code = getattr(flow.fn, "__code__", None)
    return os.path.abspath(code.co_filename) if code is not None else "", getattr(flow.fn, "__name__", "")


def _of_the_same_name(given: Any) -> EntrypointType:
    """Of another library's enumeration, whose members mean the same."""
    try:
        return EntrypointType(getattr(given, "value", None))
    except ValueError:
        known = " and ".join(f"EntrypointType.{each.name}" for each in EntrypointType)
        raise DeploymentError(f"entrypoint_type is {given!r}; there are {known}") from None
