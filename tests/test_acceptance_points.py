from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.points import POINTS, points_of

TESTS = Path(__file__).parent


def test_each_has_a_test_and_there_is_none_of_another():
    wanted = {f"{name}-{number}" for name, most in POINTS.items() for number in range(1, most + 1)}
    tested = set(all_tested())

    assert sorted(wanted - tested) == []
    assert sorted(tested - wanted) == []


def all_tested() -> Iterator[str]:
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield from points_of(ast.get_docstring(node))
