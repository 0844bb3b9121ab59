"""Who may import whom, as a table; imports inside functions count."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Each room may import itself and what stands to its right.
SERVER = [
    "assembly",
    "orchestrator.dashboard",
    "automations",
    "deployments",
    "runs",
    "orchestrator.store",
    "orchestrator.live",
    "orchestrator.events",
    "orchestrator.pages",
    "orchestrator.rest",
    "orchestrator.accounts",
    "orchestrator.periodic",
    "orchestrator.upkeep",
    "orchestrator.web",
    "orchestrator.statements",
    "orchestrator.broker",
    "orchestrator.contract",
]
CLIENT = [
    "orchestrator.cli",
    "orchestrator.worker",
    "orchestrator.testing",
    "orchestrator.runtime",
    "orchestrator.sdk",
    "orchestrator.broker",
    "orchestrator.contract",
]

# Inside the SDK, the same for what an import executes at once. Upwards it goes inside functions only: a script that
# imports `flow` pays for what it uses, when it uses it.
SDK = [
    "server_client",
    "shell",
    "blocks",
    "graphs",
    "pauses",
    "run_input",
    "variables",
    "artifacts",
    "assets",
    "limits",
    "events",
    "deployments",
    "built_flows",
    "flows",
    "watching",
    "type_hints",
    "both_ways",
    "background_tasks",
    "runners",
    "tasks",
    "caching",
    "transactional",
    "results",
    "dependencies",
    "options",
    "engine",
    "recording",
    "api",
    "processes",
    "outcomes",
    "crashes",
    "configuration",
    "values",
    "timing",
    "run_contexts",
    "callers",
    "context",
    "error_aliases",
    "errors",
]

# Inside an app, the same.
FLOORS = ["edges", "services", "orchestration", "models", "errors"]
APPS = ["runs", "deployments", "automations"]

NEVER_IN_CLIENTS = {"django", "rest_framework", "channels", "daphne", "uvicorn", "psycopg", "django_celery_beat"}
STANDARD_LIBRARY_ONLY = ["orchestrator.contract", "orchestrator.sdk"]
ALLOWED_IN_SDK = {
    "apprise",
    "cloudpickle",
    "fsspec",
    "pydantic",
    "websockets",
    "yaml",
    "dask",
    "distributed",
    "ray",
    "redis",
}


def test_knows_every_room_of_the_house():
    rooms = {name_of(path).partition(".")[0] for path in sources()} - set(APPS)
    folders = {path.name for path in (ROOT / "orchestrator").iterdir() if (path / "__init__.py").exists()}

    assert rooms == {"orchestrator"}
    assert {f"orchestrator.{folder}" for folder in folders} <= {*SERVER, *CLIENT}


@pytest.mark.parametrize("order", [SERVER, CLIENT], ids=["server", "client"])
def test_imports_only_to_the_right(order):
    wrong = [
        f"{importer} imports {imported}"
        for importer, imported in imports()
        if room_of(importer) in order and is_ours(imported) and not stands_right_of(importer, imported, order)
    ]

    assert wrong == []


def test_knows_every_room_of_the_sdk():
    assert {sdk_room_of(name_of(path)) for path in sources() if sdk_room_of(name_of(path))} == set(SDK)


def test_executes_imports_inside_the_sdk_only_to_the_right():
    wrong = [
        f"{importer} imports {imported}"
        for importer, imported in eager_imports_of_the_sdk()
        if SDK.index(sdk_room_of(importer)) > SDK.index(sdk_room_of(imported))
    ]

    assert wrong == []


@pytest.mark.parametrize("app", APPS)
def test_keeps_the_floors_of_an_app_in_order(app):
    wrong = [
        f"{importer} imports {imported}"
        for importer, imported in imports()
        if importer.split(".")[0] == app
        and imported.split(".")[0] == app
        and FLOORS.index(floor_of(importer)) > FLOORS.index(floor_of(imported))
    ]

    assert wrong == []


def test_keeps_django_out_of_the_sdk_the_worker_and_the_command_line():
    wrong = [
        f"{importer} imports {imported}"
        for importer, imported in imports()
        if room_of(importer) in CLIENT and imported.partition(".")[0] in NEVER_IN_CLIENTS
    ]

    assert wrong == []


def test_keeps_the_contract_and_the_sdk_on_the_standard_library():
    wrong = [
        f"{importer} imports {imported}"
        for importer, imported in imports()
        if room_of(importer) in STANDARD_LIBRARY_ONLY
        and not is_ours(imported)
        and imported.partition(".")[0] not in {*sys.stdlib_module_names, *ALLOWED_IN_SDK}
    ]

    assert wrong == []


def test_imports_nobody_who_assembles():
    wrong = [
        f"{importer} imports {imported}"
        for importer, imported in imports()
        if is_ours(imported) and room_of(imported) == "assembly" and room_of(importer) != "assembly"
    ]

    assert wrong == []


def test_has_no_circle_of_modules():
    """What is imported for annotations alone does not count: it is never executed."""
    modules = {name_of(path): without_type_checking(ast.parse(path.read_text())) for path in sources()}
    arrows = {
        name: {found for wanted in imported_by(tree, name) if (found := module_of(wanted, modules))}
        for name, tree in modules.items()
    }

    TopologicalSorter(arrows).prepare()  # raises CycleError, which names the circle


def test_notices_an_import_inside_a_function():
    tree = ast.parse("def f():\n    from runs.services import claims\n")

    assert list(imported_by(tree, "orchestrator.contract.states")) == ["runs.services.claims"]


def sources() -> Iterator[Path]:
    for top in ("orchestrator", *APPS):
        for path in sorted((ROOT / top).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


@cache
def imports() -> list[tuple[str, str]]:
    return [
        (name_of(path), imported)
        for path in sources()
        for imported in imported_by(ast.parse(path.read_text()), name_of(path))
    ]


def eager_imports_of_the_sdk() -> Iterator[tuple[str, str]]:
    for path in sources():
        importer = name_of(path)
        if sdk_room_of(importer):
            tree = without_functions(without_type_checking(ast.parse(path.read_text())))
            for imported in imported_by(tree, importer):
                if sdk_room_of(imported):
                    yield importer, imported


def imported_by(tree: ast.AST, importer: str) -> Iterator[str]:
    """Every module, or name out of a module, that the code imports; relative imports are not used in this house."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{importer} imports relatively"
            for alias in node.names:
                yield f"{node.module}.{alias.name}"


def without_type_checking(tree: ast.AST) -> ast.AST:
    class Skip(ast.NodeTransformer):
        def visit_If(self, node: ast.If) -> ast.AST | None:
            only_types = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
            return None if only_types else self.generic_visit(node)

    return Skip().visit(tree)


def without_functions(tree: ast.AST) -> ast.AST:
    class Skip(ast.NodeTransformer):
        def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
            return None

        def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
            return None

    return Skip().visit(tree)


def module_of(imported: str, modules: dict[str, ast.AST]) -> str | None:
    """The module that an import executes: the name itself, or the module that it is taken from."""
    if imported in modules:
        return imported
    parent = imported.rpartition(".")[0]
    return parent if parent in modules else None


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_ours(module: str) -> bool:
    return module.partition(".")[0] in {"orchestrator", *APPS}


def room_of(module: str) -> str:
    parts = module.split(".")
    if parts[0] != "orchestrator":
        return parts[0]
    if parts[1:] == ["__main__"]:
        return "orchestrator.cli"
    if len(parts) == 1 or is_front_door_name(parts):
        return "front door"
    folder = ROOT / "orchestrator" / parts[1]
    return f"orchestrator.{parts[1]}" if folder.is_dir() else "assembly"


def sdk_room_of(module: str) -> str:
    """`recording` for `orchestrator.sdk.recording.logs`; nothing for what is not of the SDK."""
    parts = module.split(".")
    return parts[2] if parts[:2] == ["orchestrator", "sdk"] and len(parts) > 2 else ""


def is_front_door_name(parts: list[str]) -> bool:
    """`from orchestrator import flow` names no module of the package."""
    home = ROOT / "orchestrator" / parts[1]
    return not home.is_dir() and not home.with_suffix(".py").exists()


def stands_right_of(importer: str, imported: str, order: list[str]) -> bool:
    importing, wanted = room_of(importer), room_of(imported)
    if wanted == "front door":
        return importing in CLIENT or imported == "orchestrator.__version__"
    return wanted in order and order.index(importing) <= order.index(wanted)


def floor_of(module: str) -> str:
    parts = module.split(".")
    floor = parts[1] if len(parts) > 1 else "errors"
    if floor in ("apps", "subscribers"):
        return "edges"
    return floor if floor in FLOORS else "edges"
