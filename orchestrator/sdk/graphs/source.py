"""The syntax tree of a function that is loaded."""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
from collections.abc import Callable
from typing import Any

from orchestrator.sdk.errors import SourceUnavailable

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


def plain_function(fn: Any) -> Any:
    """The function below bound methods, partials and well-behaved decorators."""
    while True:
        if isinstance(fn, functools.partial):
            fn = fn.func
        elif inspect.ismethod(fn):
            fn = fn.__func__
        elif hasattr(fn, "__wrapped__"):
            fn = fn.__wrapped__
        else:
            return fn


def syntax_of(fn: Callable[..., Any]) -> FunctionNode:
    """The definition of the function, as its file or notebook cell has it now.

    Raises SourceUnavailable when there is no source: of a function typed into a plain Python prompt, made by `exec`,
    written in C or as a lambda, or when the file was changed so that the function is no more where it was.
    """
    function = plain_function(fn)
    name = getattr(function, "__name__", type(function).__name__)
    code = getattr(function, "__code__", None)
    if code is None:
        raise SourceUnavailable(f"The source of {name!r} cannot be read: it is no function written in Python")
    linecache.checkcache(code.co_filename)
    lines = linecache.getlines(code.co_filename, function.__globals__)
    if not lines:
        raise SourceUnavailable(
            f"The source of {name!r} cannot be read from {code.co_filename}: a function must be defined in a file, "
            "or in a notebook's cell"
        )
    try:
        tree = _parsed("".join(lines))
    except (SyntaxError, ValueError) as error:
        raise SourceUnavailable(
            f"The source of {name!r} in {code.co_filename} is no Python any more: {error}"
        ) from None
    for node in ast.walk(tree):
        if isinstance(node, FunctionNode) and node.name == name and _first_line(node) == code.co_firstlineno:
            return node
    what = "it is a lambda" if name == "<lambda>" else "the file was changed since it was loaded"
    raise SourceUnavailable(f"The source of {name!r} is not in {code.co_filename} any more: {what}")


@functools.lru_cache(maxsize=16)
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


def _first_line(node: FunctionNode) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
