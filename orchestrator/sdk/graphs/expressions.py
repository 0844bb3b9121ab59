"""Expressions of a flow's source: what a value is made of."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from orchestrator.sdk.graphs.scope import MISSING, attribute
from orchestrator.sdk.graphs.values import NOTHING, Key, LocalFunction, Value, either, of_parts, union

if TYPE_CHECKING:
    from orchestrator.sdk.graphs.building import Building
    from orchestrator.sdk.graphs.scope import Scope

Env = dict[str, Value]


class Expressions:
    """`path` are the calls that led here, for functions that are read at each of their calls."""

    def __init__(self, building: Building, scope: Scope, path: tuple[Any, ...]) -> None:
        self.building = building
        self.scope = scope
        self.path = path
        self.returned: Value | None = None  # what `return` and `yield` gave, in the body of a function

    def body(self, statements: Sequence[ast.stmt], env: Env) -> bool:
        raise AssertionError("told by Statements")

    def value(self, node: ast.expr, env: Env) -> Value:
        match node:
            case ast.Constant():
                return NOTHING
            case ast.Name():
                return self._named(node.id, env)
            case ast.Call():
                return self.call(node, env)
            case ast.Await() | ast.Starred():
                return self.value(node.value, env)
            case ast.Attribute():
                return self._attribute(node, env)
            case ast.Tuple() | ast.List():
                return self._listed(node.elts, env)
            case ast.Dict():
                return self._dict(node, env)
            case ast.Subscript():
                inside, key = self.value(node.value, env), _constant(node.slice)
                if key is not None:
                    return inside.part(key)
                return union(Value(inside.sources), self.value(node.slice, env), NOTHING)
            case ast.NamedExpr():
                found = self.value(node.value, env)
                self.bind(node.target, found, env)
                return found
            case ast.IfExp():
                test = self.value(node.test, env)
                with self.building.under(test.sources, branch=True):
                    return either(self.value(node.body, env), self.value(node.orelse, env))
            case ast.BoolOp():
                return self._bool(node, env)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                return self._comprehension(node.generators, (node.elt,), dict(env))
            case ast.DictComp():
                return self._comprehension(node.generators, (node.key, node.value), dict(env))
            case ast.Lambda():
                return Value(thing=LocalFunction(node, env, self.scope))
            case ast.Yield() | ast.YieldFrom():
                found = self.value(node.value, env) if node.value is not None else NOTHING
                self.give_back(Value(found.sources))
                return NOTHING
        return self._values((each for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr)), env)

    def bind(self, target: ast.expr, value: Value, env: Env) -> None:
        """Let the target of an assignment hold the value."""
        match target:
            case ast.Name():
                env[target.id] = value
            case ast.Starred():
                self.bind(target.value, Value(value.sources), env)
            case ast.Tuple() | ast.List():
                starred = any(isinstance(each, ast.Starred) for each in target.elts)
                for place, each in enumerate(target.elts):
                    self.bind(each, Value(value.sources) if starred else value.part(place), env)
            case ast.Subscript(value=ast.Name(id=name)) if (key := _constant(target.slice)) is not None:
                env[name] = self._named(name, env).with_part(key, value)
            case ast.Subscript() | ast.Attribute():
                self.add_to(target.value, value, env)

    def add_to(self, target: ast.expr, value: Value, env: Env) -> None:
        """The object that the expression names holds the value from now on, too."""
        while isinstance(target, (ast.Subscript, ast.Attribute)):
            target = target.value
        if isinstance(target, ast.Name):
            held = self._named(target.id, env)
            env[target.id] = Value(held.sources | value.sources, None, held.thing)

    def call(self, node: ast.Call, env: Env) -> Value:
        raise AssertionError("told by Calls")

    def give_back(self, value: Value) -> None:
        self.returned = value if self.returned is None else either(self.returned, value)

    def _values(self, nodes: Iterable[ast.expr | None], env: Env) -> Value:
        return union(NOTHING, *[self.value(each, env) for each in nodes if each is not None])

    def _named(self, name: str, env: Env) -> Value:
        if name in env:
            return env[name]
        found = self.scope.look_up(name)
        return NOTHING if found is MISSING else Value(thing=found)

    def _attribute(self, node: ast.Attribute, env: Env) -> Value:
        base = self.value(node.value, env)
        if base.thing is None:
            return Value(base.sources)
        found = attribute(base.thing, node.attr)
        return Value(base.sources, None, None if found is MISSING else found)

    def _listed(self, nodes: list[ast.expr], env: Env) -> Value:
        values = [self.value(each, env) for each in nodes]
        if any(isinstance(each, ast.Starred) for each in nodes):
            return union(NOTHING, *values)
        return of_parts(tuple(enumerate(values)))

    def _dict(self, node: ast.Dict, env: Env) -> Value:
        keys = [None if key is None else _constant(key) for key in node.keys]
        self._values((key for key in node.keys if not isinstance(key, ast.Constant)), env)
        values = [self.value(each, env) for each in node.values]
        if None in keys:
            return union(NOTHING, *values)
        found: dict[Key, Value] = {key: value for key, value in zip(keys, values, strict=True) if key is not None}
        return of_parts(tuple(found.items()))

    def _bool(self, node: ast.BoolOp, env: Env) -> Value:
        """What stands behind the first runs only if the first allows it."""
        found = self.value(node.values[0], env)
        for each in node.values[1:]:
            with self.building.under(found.sources, branch=True):
                found = union(found, self.value(each, env), NOTHING)
        return found

    def _comprehension(self, generators: list[ast.comprehension], elements: tuple[ast.expr, ...], env: Env) -> Value:
        """`env` is its own. Each part runs as often as those before it say."""
        if not generators:
            return self._values(elements, env)
        first, *rest = generators
        iterated = self.value(first.iter, env)
        self.bind(first.target, Value(iterated.sources), env)
        with self.building.under(iterated.sources, loop=True):
            tests = self._values(first.ifs, env)
            if not first.ifs:
                return self._comprehension(rest, elements, env)
            with self.building.under(tests.sources, branch=True):
                return self._comprehension(rest, elements, env)


def _constant(node: ast.expr) -> Key | None:
    """A literal key or position."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        inner = node.operand.value
        return -inner if type(inner) is int else None
    if isinstance(node, ast.Constant) and type(node.value) in (int, str):
        return node.value  # type: ignore[return-value]
    return None
