"""Calls in a flow's source: runs of tasks and flows, and functions of the author's own, which are read, too."""

from __future__ import annotations

import ast
import types
from typing import Any

from orchestrator.sdk.errors import SourceUnavailable
from orchestrator.sdk.graphs.expressions import Env, Expressions
from orchestrator.sdk.graphs.model import RESULT, WAIT_FOR
from orchestrator.sdk.graphs.runnables import made_by, runnable_of
from orchestrator.sdk.graphs.scope import MISSING, Scope, attribute, is_a, name_of
from orchestrator.sdk.graphs.source import plain_function, syntax_of
from orchestrator.sdk.graphs.values import NOTHING, LocalFunction, Runnable, Value, of_parts, union

_MODES = ("submit", "map", "delay", "apply_async")
# Methods that put their arguments into the object.
_FILLS = {"append", "appendleft", "extend", "add", "insert", "update", "setdefault", "put", "put_nowait", "push"}
# Calls that call their first argument with the others.
_CALLERS = {"map", "submit", "to_thread", "run_sync"}
_OPTIONS_OF_THE_CALL = {"wait_for", "return_state"}
_DEPTH = 12  # of functions that call functions


class Calls(Expressions):
    def call(self, node: ast.Call, env: Env) -> Value:
        function = node.func
        if isinstance(function, ast.Attribute):
            base = self.value(function.value, env)
            runnable = runnable_of(base.thing)
            if runnable is not None:
                return self._method_of(runnable, function.attr, base, node, env)
            found = MISSING if base.thing is None else attribute(base.thing, function.attr)
            if found is MISSING:
                return self._unknown_method(function, base, node, env)
            return self._call_of(found, base, node, env)
        called = self.value(function, env)
        return self._call_of(called.thing, called, node, env)

    def decorated(self, decorator: ast.expr, node: ast.FunctionDef | ast.AsyncFunctionDef, env: Env) -> Value | None:
        """The task or flow that the decorator makes of a function inside the flow; None when it does something else."""
        maker = decorator.func if isinstance(decorator, ast.Call) else decorator
        kind = made_by(self.value(maker, env).thing)
        if kind is None:
            return None
        given = _name_given(decorator) if isinstance(decorator, ast.Call) else None
        name = given or (node.name if kind == "task" else node.name.replace("_", "-"))
        return Value(thing=Runnable(kind, name, tuple(_parameter_names(node.args))))

    def _method_of(self, runnable: Runnable, name: str, base: Value, node: ast.Call, env: Env) -> Value:
        if name in _MODES or name == "__call__":
            return self._run(runnable, node, env, mode=name if name in _MODES else "call")
        arguments, keywords = self._arguments(node, env)
        if name == "with_options":
            changed = Runnable(runnable.kind, _name_given(node) or runnable.name, runnable.parameters, runnable.target)
            return Value(base.sources, None, changed)
        return union(NOTHING, base, *arguments, *keywords.values())

    def _unknown_method(self, function: ast.Attribute, base: Value, node: ast.Call, env: Env) -> Value:
        if function.attr in _CALLERS and (found := self._called_by(node, env, repeats=function.attr == "map")):
            return found
        arguments, keywords = self._arguments(node, env)
        given = union(NOTHING, *arguments, *keywords.values())
        if function.attr in _FILLS:
            self.add_to(function.value, given, env)
        if function.attr == "run_in_executor" and len(node.args) > 1:
            shifted = ast.copy_location(ast.Call(func=function, args=node.args[1:], keywords=[]), node)
            return self._called_by(shifted, env, repeats=False) or union(NOTHING, base, given)
        return union(NOTHING, Value(base.sources), given)

    def _call_of(self, thing: Any, called: Value, node: ast.Call, env: Env) -> Value:
        runnable = runnable_of(thing)
        if runnable is not None:
            return self._run(runnable, node, env, mode="call")
        if is_a(thing, LocalFunction):
            return self._read_local(thing, node, env)
        if _is_deployment_call(thing):
            return self._run(_deployment(node), node, env, mode="call")
        _, name = name_of(thing)
        if (name in _CALLERS and thing is not None) and (found := self._called_by(node, env, repeats=name == "map")):
            return found
        if is_a(thing, types.FunctionType, types.MethodType) and self.scope.may_be_read(thing):
            return self._read_function(thing, node, env)
        arguments, keywords = self._arguments(node, env)
        if name == "gather" and not any(isinstance(each, ast.Starred) for each in node.args):
            return of_parts(tuple(enumerate(arguments)))
        return union(NOTHING, Value(called.sources), *arguments, *keywords.values())

    def _called_by(self, node: ast.Call, env: Env, *, repeats: bool) -> Value | None:
        """A run of the task or flow that is the first argument, with the others as its own; None when it is none."""
        if not node.args:
            return None
        first = self.value(node.args[0], env)
        runnable = runnable_of(first.thing)
        if runnable is None:
            return None
        inner = ast.copy_location(ast.Call(func=node.args[0], args=node.args[1:], keywords=node.keywords), node)
        return self._run(runnable, inner, env, mode="call", repeats=repeats, place=node)

    def _run(
        self,
        runnable: Runnable,
        node: ast.Call,
        env: Env,
        *,
        mode: str,
        repeats: bool = False,
        place: ast.Call | None = None,
    ) -> Value:
        names = runnable.parameters
        given: list[tuple[str | None, Value]] = []
        waited: Value = NOTHING
        if mode == "apply_async":
            arguments, keywords = self._packed(node, env)
        else:
            arguments, keywords = self._arguments(node, env)
        starred = False
        for position, value in enumerate(arguments):
            starred = starred or (position < len(node.args) and isinstance(node.args[position], ast.Starred))
            given.append((names[position] if position < len(names) and not starred else None, value))
        for name, value in keywords.items():
            if name == WAIT_FOR:
                waited = value
            elif name not in _OPTIONS_OF_THE_CALL:
                given.append((name, value))
        at = (self.path, _place(place or node))
        made = self.building.add_node(
            at, runnable, mode=mode, line=node.lineno, repeats=repeats or mode == "map", target=runnable.target
        )
        for parameter, value in given:
            self.building.add_edges(value.sources, made, RESULT, parameter)
        self.building.add_edges(waited.sources, made, WAIT_FOR)
        return Value(frozenset({made}))

    def _arguments(self, node: ast.Call, env: Env) -> tuple[list[Value], dict[str | None, Value]]:
        arguments = [self.value(each, env) for each in node.args]
        keywords: dict[str | None, Value] = {}
        for each in node.keywords:
            found = self.value(each.value, env)
            if each.arg is None and found.parts is not None:
                keywords |= {str(key): part for key, part in found.parts}
            else:
                keywords[each.arg] = union(found, keywords.get(each.arg, NOTHING))
        return arguments, keywords

    def _packed(self, node: ast.Call, env: Env) -> tuple[list[Value], dict[str | None, Value]]:
        """Of `apply_async(args, kwargs, wait_for=…)`."""
        arguments, keywords = self._arguments(node, env)
        packed = dict(zip(("args", "kwargs"), arguments, strict=False)) | {str(key): keywords[key] for key in keywords}
        inner, named = packed.get("args", NOTHING), packed.get("kwargs", NOTHING)
        positional = [part for _, part in inner.parts] if inner.parts is not None else [inner]
        found: dict[str | None, Value] = {str(key): part for key, part in named.parts or ()}
        if named.parts is None:
            found[None] = named
        waited = [packed[key] for key in (WAIT_FOR, "dependencies") if key in packed]
        return positional, {**found, **({WAIT_FOR: union(*waited, NOTHING)} if waited else {})}

    def _read_local(self, function: LocalFunction, node: ast.Call, env: Env) -> Value:
        arguments, keywords = self._arguments(node, env)
        return self._read(function.node, function.scope, dict(function.env), arguments, keywords, node)

    def _read_function(self, function: Any, node: ast.Call, env: Env) -> Value:
        arguments, keywords = self._arguments(node, env)
        inner = plain_function(function)
        try:
            syntax = syntax_of(inner)
        except SourceUnavailable:
            return union(NOTHING, *arguments, *keywords.values())
        if getattr(function, "__self__", None) is not None or _is_method(syntax):
            arguments = [NOTHING, *arguments]
        return self._read(syntax, Scope(inner), {}, arguments, keywords, node)

    def _read(
        self,
        function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
        scope: Any,
        env: Env,
        arguments: list[Value],
        keywords: dict[str | None, Value],
        node: ast.Call,
    ) -> Value:
        """Read a function as if its body stood where it is called."""
        everything = union(NOTHING, *arguments, *keywords.values())
        itself = (scope.file, *_place(function))
        if len(self.path) >= _DEPTH or any(itself == each for each, _ in self.path):
            self.building.cut()  # it calls itself
            return everything
        if not self.building.may_read(itself):
            return everything
        names = _parameter_names(function.args)
        starred = any(isinstance(each, ast.Starred) for each in node.args) or None in keywords
        for place, name in enumerate(names):
            known = arguments[place] if place < len(arguments) else keywords.get(name, NOTHING)
            env[name] = everything if starred else known
        for rest in (function.args.vararg, function.args.kwarg):
            if rest is not None:
                env[rest.arg] = Value(everything.sources)
        inside = type(self)(self.building, scope, (*self.path, (itself, _place(node))))
        with self.building.reading(itself):
            if isinstance(function, ast.Lambda):
                return inside.value(function.body, env)
            inside.body(function.body, env)
        return inside.returned or NOTHING


def _place(node: ast.expr | ast.stmt) -> tuple[int, int, int, int]:
    """Where it stands in its file: the same however often the file is read."""
    return node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0


def _parameter_names(found: ast.arguments) -> list[str]:
    return [each.arg for each in (*found.posonlyargs, *found.args, *found.kwonlyargs)]


def _is_method(node: Any) -> bool:
    names = _parameter_names(node.args)
    return bool(names) and names[0] in ("self", "cls")


def _name_given(node: ast.Call) -> str | None:
    for keyword in node.keywords:
        if keyword.arg == "name" and isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, str):
            return keyword.value.value
    return None


def _is_deployment_call(thing: Any) -> bool:
    module, name = name_of(thing)
    return name in ("run_deployment", "arun_deployment") and module.startswith("orchestrator.")


def _deployment(node: ast.Call) -> Runnable:
    """The deployment that `run_deployment("flow/name")` names, as far as it stands there literally."""
    given = [*node.args[:1], *(each.value for each in node.keywords if each.arg == "name")]
    name = given[0].value if given and isinstance(given[0], ast.Constant) else None
    return Runnable("deployment", name if isinstance(name, str) else "a deployment", ("name", "parameters"))
