"""What the reader of a flow's source knows of a value: which runs it comes from, and what it can call."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

Key = int | str


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """`sources` are the nodes whose results are in it. `parts` are what is inside of it, by position or key; None when
    that is not known. `thing` is the object that it stands for: a task, a function, a module, a class."""

    sources: frozenset[str] = frozenset()
    parts: tuple[tuple[Key, Value], ...] | None = None
    thing: Any = None

    def __eq__(self, other: object) -> bool:
        """Things are never compared by their own `==`, which may do anything."""
        if not isinstance(other, Value):
            return NotImplemented
        return self.sources == other.sources and self.parts == other.parts and _is_same(self.thing, other.thing)

    def __hash__(self) -> int:
        return hash(self.sources)

    def part(self, key: Any) -> Value:
        """What is inside under this key, else all of it."""
        if self.parts is not None:
            if isinstance(key, int) and key < 0:
                key += len(self.parts)
            for known, part in self.parts:
                if known == key and type(known) is type(key):
                    return part
        return Value(self.sources)

    def with_part(self, key: Key, part: Value) -> Value:
        if self.parts is None:
            return Value(self.sources | part.sources)
        others = tuple(each for each in self.parts if each[0] != key)
        return of_parts((*others, (key, part)))


NOTHING = Value()


@dataclass(frozen=True, slots=True, eq=False)
class LocalFunction:
    """A function that is defined inside of another one; `env` is what it sees."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    env: dict[str, Value]
    scope: Any


@dataclass(frozen=True, slots=True)
class Runnable:
    """A task or flow, as far as it can be told without executing anything. `target` None: it is made by the flow."""

    kind: str
    name: str
    parameters: tuple[str, ...] = ()
    target: Any = None


def of_parts(parts: tuple[tuple[Key, Value], ...]) -> Value:
    return Value(frozenset().union(*(part.sources for _, part in parts)), parts)


def union(*values: Value) -> Value:
    """Any of them, or something made of all of them."""
    if len(values) == 1:
        return values[0]
    return Value(frozenset().union(*(value.sources for value in values)))


def either(first: Value, second: Value) -> Value:
    """One of the two; what both agree on stays."""
    if first == second:
        return first
    thing = first.thing if first.thing is not None else second.thing
    return Value(first.sources | second.sources, None, thing)


def _is_same(first: Any, second: Any) -> bool:
    if type(first) is type(second) is LocalFunction:
        return first.node is second.node
    if type(first) is type(second) is Runnable:
        return (first.kind, first.name) == (second.kind, second.name) and first.target is second.target
    return first is second
