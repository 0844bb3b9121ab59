"""What a deployment says about its flow: name, description and parameters, from the flow's file.

Flows of ours are loaded. Flows that are written for Prefect are read without executing anything, so that Prefect need
not be installed beside the command line.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from typing import Any

from orchestrator.sdk.deployments.files.flow_facts import FlowFacts, loaded_facts
from orchestrator.sdk.errors import FlowNotFound
from orchestrator.worker.prefect_process.recognising import Engine, engine_of_code


def flow_facts(entrypoint: str, *, directory: str) -> FlowFacts:
    """`file.py:flow`, seen from `directory`; `package.module:flow` and `package.module.flow` lead to the file, too.

    Raises FlowNotFound, with the reason when the file cannot be loaded.
    """
    file, function, written = _located(entrypoint, directory)
    try:
        with open(os.path.join(directory, file), encoding="utf-8") as text:
            code = text.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise FlowNotFound(f"{file} cannot be read in {directory}: {reason}") from None
    if engine_of_code(code) is Engine.PREFECT:
        return _read(code, file, function, written)
    return loaded_facts(f"{file}:{function}", directory=directory)


def _located(entrypoint: str, directory: str) -> tuple[str, str, str]:
    """File, function, and the entrypoint to store for a flow of Prefect."""
    path, colon, function = entrypoint.rpartition(":")
    if not colon:
        path, _, function = entrypoint.rpartition(".")
    if not path or not function:
        raise FlowNotFound(f"{entrypoint!r} is not of the form path/file.py:flow")
    if path.endswith(".py") or os.path.isfile(os.path.join(directory, path)):
        return path, function, entrypoint
    as_file = path.replace(".", "/") + ".py"
    return (as_file if "/" not in path else path), function, entrypoint


def _read(code: str, file: str, function: str, entrypoint: str) -> FlowFacts:
    """Without executing it."""
    try:
        tree = ast.parse(code)
    except SyntaxError as error:
        raise FlowNotFound(f"{file} is no Python: {error}") from None
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == function:
            options = _flow_options(node)
            if options is not None:
                name = options.get("name") or function.replace("_", "-")
                described = options.get("description") or ast.get_docstring(node)
                schema = _schema_of(node)
                return FlowFacts(name, described, options.get("version"), schema, entrypoint, is_ours=False)
    raise FlowNotFound(f"{file} has no flow {function!r}")


def _flow_options(node: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, Any] | None:
    """What stands literally in `@flow(…)`; None when the function has no such decorator."""
    for decorator in node.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        named = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", None)
        if named == "flow":
            keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
            return {
                each.arg: each.value.value for each in keywords if each.arg and isinstance(each.value, ast.Constant)
            }
    return None


_MISSING = object()


def _schema_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    required = []
    for position, (argument, default) in enumerate(_arguments(node.args)):
        described: dict[str, Any] = {"position": position, "title": argument.arg, **_type_of(argument.annotation)}
        if default is None:
            required.append(argument.arg)
        elif (value := _literal(default)) is not _MISSING:
            described["default"] = value
        properties[argument.arg] = described
    schema: dict[str, Any] = {"title": "Parameters", "type": "object", "properties": properties}
    return {**schema, "required": required} if required else schema


def _arguments(found: ast.arguments) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    plain = [*found.posonlyargs, *found.args]
    missing: list[ast.expr | None] = [None] * (len(plain) - len(found.defaults))
    yield from zip(plain, [*missing, *found.defaults], strict=True)
    yield from zip(found.kwonlyargs, found.kw_defaults, strict=True)


def _literal(node: ast.expr) -> Any:
    from orchestrator.sdk.values.json_values import to_json

    try:
        return to_json(ast.literal_eval(node))
    except ValueError:
        return _MISSING


_TYPES = {
    "int": "integer",
    "float": "number",
    "str": "string",
    "bool": "boolean",
    "list": "array",
    "List": "array",
    "dict": "object",
    "Dict": "object",
    "None": "null",
}


def _type_of(annotation: ast.expr | None) -> dict[str, Any]:
    """Simple annotations; every other one allows any value."""
    match annotation:
        case ast.Name(id=name) if name in _TYPES:
            return {"type": _TYPES[name]}
        case ast.Constant(value=None):
            return {"type": "null"}
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _any_of(left, right)
        case ast.Subscript(value=ast.Name(id="Optional"), slice=inner):
            return _any_of(inner, ast.Constant(value=None))
        case ast.Subscript(value=ast.Name(id=name), slice=inner) if _TYPES.get(name) == "array":
            items = _type_of(inner)
            return {"type": "array", **({"items": items} if items else {})}
        case ast.Subscript(value=ast.Name(id=name)) if name in _TYPES:
            return {"type": _TYPES[name]}
    return {}


def _any_of(*parts: ast.expr) -> dict[str, Any]:
    found = [_type_of(part) for part in parts]
    return {"anyOf": found} if all(found) else {}
