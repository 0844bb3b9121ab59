"""Statements of a flow's source, one after the other."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from orchestrator.sdk.graphs.calls import Calls
from orchestrator.sdk.graphs.scope import MISSING, attribute
from orchestrator.sdk.graphs.values import NOTHING, LocalFunction, Value, either, union

Env = dict[str, Value]
_ROUNDS = 5  # through a loop; what a round learns is passed on to the next


class Statements(Calls):
    """Reads the body of one function."""

    def __init__(self, building: Any, scope: Any, path: tuple[Any, ...]) -> None:
        super().__init__(building, scope, path)
        self._loop_exits: list[list[Env]] = []

    def body(self, statements: Sequence[ast.stmt], env: Env) -> bool:
        """Whether what stands behind these statements is never reached from them."""
        return any(self._statement(each, env) for each in statements)

    def _statement(self, node: ast.stmt, env: Env) -> bool:
        match node:
            case ast.Return():
                self.give_back(self.value(node.value, env) if node.value else NOTHING)
                return True
            case ast.Raise():
                self._values((node.exc, node.cause), env)
                return True
            case ast.Break() | ast.Continue():
                if self._loop_exits:
                    self._loop_exits[-1].append(dict(env))
                return True
            case ast.If():
                return self._if(node, env)
            case ast.For() | ast.AsyncFor():
                self._for(node, env)
            case ast.While():
                return self._while(node, env)
            case ast.Try() | ast.TryStar():
                return self._try(node, env)
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    given = self.value(item.context_expr, env)
                    if item.optional_vars is not None:
                        self.bind(item.optional_vars, given, env)
                return self.body(node.body, env)
            case ast.Match():
                return self._match(node, env)
            case ast.Assign():
                given = self.value(node.value, env)
                for target in node.targets:
                    self.bind(target, given, env)
            case ast.AnnAssign():
                if node.value is not None:
                    self.bind(node.target, self.value(node.value, env), env)
            case ast.AugAssign():
                self.bind(node.target, union(self.value(node.target, env), self.value(node.value, env), NOTHING), env)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                env[node.name] = self._defined(node, env)
            case ast.Import() | ast.ImportFrom():
                self._import(node, env)
            case ast.Delete():
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        env.pop(target.id, None)
            case ast.Expr():
                self.value(node.value, env)
            case ast.Assert():
                self._values((node.test, node.msg), env)
        return False

    def _if(self, node: ast.If, env: Env) -> bool:
        test = self.value(node.test, env)
        ends = []
        after: list[Env] = []
        for statements in (node.body, node.orelse):
            inner = dict(env)
            with self.building.under(test.sources, branch=True):
                ends.append(self.body(statements, inner))
            if not ends[-1]:
                after.append(inner)
        _become(env, after)
        return all(ends)

    def _for(self, node: ast.For | ast.AsyncFor, env: Env) -> None:
        iterated = self.value(node.iter, env)

        def one_round(inner: Env) -> bool:
            self.bind(node.target, item_of(iterated), inner)
            return self.body(node.body, inner)

        with self.building.under(iterated.sources, loop=True):
            self._rounds(one_round, env)
        self.body(node.orelse, env)

    def _while(self, node: ast.While, env: Env) -> bool:
        def one_round(inner: Env) -> bool:
            test = self.value(node.test, inner)
            with self.building.under(test.sources):
                return self.body(node.body, inner)

        with self.building.under(frozenset(), loop=True):
            self._rounds(one_round, env)
        return self.body(node.orelse, env)

    def _rounds(self, one_round: Any, env: Env) -> None:
        for _ in range(_ROUNDS):
            inner, exits = dict(env), []  # type: tuple[Env, list[Env]]
            self._loop_exits.append(exits)
            if not one_round(inner):
                exits.append(inner)
            self._loop_exits.pop()
            before = dict(env)
            _become(env, [before, *exits])
            if env == before:
                break

    def _try(self, node: Any, env: Env) -> bool:
        before = dict(env)
        ended = self.body(node.body, env)
        after: list[Env] = []
        if not ended and not self.body(node.orelse, env):
            after.append(dict(env))
        for handler in node.handlers:
            inner = joined([before, env])
            if handler.name:
                inner[handler.name] = NOTHING
            with self.building.under(frozenset(), branch=True):
                if not self.body(handler.body, inner):
                    after.append(inner)
        _become(env, after or [joined([before, env])])
        return self.body(node.finalbody, env) or not after

    def _match(self, node: ast.Match, env: Env) -> bool:
        subject = self.value(node.subject, env)
        after: list[Env] = []
        catches_all = False
        for case in node.cases:
            inner = dict(env)
            for part in ast.walk(case.pattern):
                name = getattr(part, "name", None) or getattr(part, "rest", None)
                if isinstance(name, str):
                    inner[name] = Value(subject.sources)
            is_default = isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None and case.guard is None
            catches_all = catches_all or is_default
            decides = subject if case.guard is None else union(subject, self.value(case.guard, inner))
            with self.building.under(decides.sources, branch=True):
                if not self.body(case.body, inner):
                    after.append(inner)
        if not catches_all:
            after.append(dict(env))
        _become(env, after)
        return not after

    def _defined(self, node: ast.FunctionDef | ast.AsyncFunctionDef, env: Env) -> Value:
        for decorator in node.decorator_list:
            made = self.decorated(decorator, node, env)
            if made is not None:
                return made
        return Value(thing=LocalFunction(node, env, self.scope))

    def _import(self, node: ast.Import | ast.ImportFrom, env: Env) -> None:
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            if isinstance(node, ast.ImportFrom):
                module = self.scope.module(node.module or "", node.level)
                found = MISSING if module is MISSING else attribute(module, alias.name)
                if found is MISSING and module is not MISSING and "__getattr__" in vars(module):
                    found = getattr(module, alias.name, MISSING)  # names that a package loads on first use
            else:
                module = self.scope.module(alias.name)
                found = module if alias.asname else self.scope.module(name)
            env[name] = NOTHING if found is MISSING else Value(thing=found)


def item_of(iterated: Value) -> Value:
    """One of what is inside."""
    return Value(iterated.sources)


def joined(envs: list[Env]) -> Env:
    """What may hold after any of them."""
    made: Env = {}
    for env in envs:
        for name, value in env.items():
            made[name] = either(made[name], value) if name in made else value
    return made


def _become(env: Env, after: list[Env]) -> None:
    if after:
        found = joined(after)
        env.clear()
        env.update(found)
