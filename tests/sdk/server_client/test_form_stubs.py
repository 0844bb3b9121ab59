"""What type checkers see of the filters and bodies."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from orchestrator.sdk.server_client import bodies, run_filters, thing_filters
from orchestrator.sdk.server_client.forms import (
    ANYTHING,
    LIST,
    MOMENT,
    NUMBER,
    OPERATOR,
    TEXT,
    YES_OR_NO,
    Form,
    Kind,
    Part,
)

WIDTH = 120
MODULES = [run_filters, thing_filters, bodies]
# What each kind of field takes, and what it is read as.
HINTS: dict[Kind, tuple[str, str]] = {
    ANYTHING: ("Any", "Any"),
    LIST: ("_Many", "list[Any]"),
    MOMENT: ("datetime | str", "str"),
    NUMBER: ("float", "float"),
    OPERATOR: ("_Operator", "str"),
    TEXT: ("str", "str"),
    YES_OR_NO: ("bool", "bool"),
}
ALIASES = {
    "_Many": "_Many: TypeAlias = list[Any] | tuple[Any, ...] | set[Any] | frozenset[Any]",
    "_Operator": '_Operator: TypeAlias = Enum | Literal["and_", "or_"]',
}
IMPORTS = {
    "Mapping": "from collections.abc import Mapping",
    "datetime": "from datetime import datetime",
    "Enum": "from enum import Enum",
}


def forms_of(module: ModuleType) -> dict[str, type[Form]]:
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Form) and value is not Form
    }


def stub_of(module: ModuleType) -> str:
    classes = "\n\n".join(_class(name, form) for name, form in forms_of(module).items())
    aliases = [alias for name, alias in ALIASES.items() if f": {name} " in classes]
    used = "\n".join([*aliases, classes])
    imports = [line for name, line in IMPORTS.items() if f" {name}" in used]
    typing = [name for name in ("Any", "Literal", "TypeAlias") if name in used]
    head = [
        f'"""What type checkers see of `{Path(str(module.__file__)).name}`.'
        ' `python -m tests.sdk.server_client.test_form_stubs` writes it."""',
        "",
        *imports,
        f"from typing import {', '.join(typing)}",
        "",
        "from orchestrator.sdk.server_client.forms import Form",
        *(["", *aliases] if aliases else []),
    ]
    return "\n".join([*head, "", classes]) + "\n"


def _class(name: str, form: type[Form]) -> str:
    hints = {field: _hints(kind) for field, kind in form._kinds.items()}
    read = [f"    {field}: {_or_none(gives)}" for field, (_, gives) in hints.items()]
    taken = ["self", "*", *(f"{field}: {_or_none(takes)} = None" for field, (takes, _) in hints.items())]
    made = [f"    def __init__({', '.join(taken)}) -> None: ..."]
    if len(made[0]) > WIDTH:
        made = ["    def __init__(", *(f"        {each}," for each in taken), "    ) -> None: ..."]
        flat = f"        {', '.join(taken)}"
        if len(flat) <= WIDTH:
            made[1:-1] = [flat]
    return "\n".join([f"class {name}(Form):", *read, *made])


def _hints(kind: Kind) -> tuple[str, str]:
    if not isinstance(kind, Part):
        return HINTS[kind]
    name = kind.kind.__name__
    one = f"{name} | Mapping[str, Any]"
    return (f"{one} | list[Any] | tuple[Any, ...]", f"{name} | list[{name}]") if kind.many else (one, name)


def _or_none(hint: str) -> str:
    return hint if hint == "Any" else f"{hint} | None"


def file_of(module: ModuleType) -> Path:
    return Path(str(module.__file__)).with_suffix(".pyi")


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_tells_type_checkers_every_field(module):
    written = file_of(module).read_text()

    assert written == stub_of(module), "write it: python -m tests.sdk.server_client.test_form_stubs"


if __name__ == "__main__":
    for each in MODULES:
        file_of(each).write_text(stub_of(each))
