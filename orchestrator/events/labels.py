"""What is asked of one resource: put together once, asked of a live resource and of those in the database alike.

A label is asked for one value or several, of which one must fit. In a value `*` stands for anything and `?` for one
character, upper and lower case differ, and `!` before it turns it round. A label that is missing fits nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from django.db.models import BooleanField, F, Func, Q

Labels = dict[str, str | list[str]]
ID, ROLE = "prefect.resource.id", "prefect.resource.role"


@dataclass(frozen=True, slots=True)
class Test:
    """One label against one value."""

    label: str
    value: str
    how: Literal["is", "begins", "like"] = "is"
    turned: bool = False

    def fits(self, resource: Mapping[str, str]) -> bool:
        has = resource.get(self.label)
        if has is None:
            return False
        if self.how == "is":
            fits = has == self.value
        elif self.how == "begins":
            fits = has.startswith(self.value)
        else:
            fits = _expression(self.value).fullmatch(has) is not None
        return fits is not self.turned


@dataclass(frozen=True, slots=True)
class Question:
    """All of the parts must be true of one and the same resource; a part is true when one of its lists of tests is."""

    parts: tuple[tuple[tuple[Test, ...], ...], ...]

    def fits(self, resource: Mapping[str, str]) -> bool:
        return all(any(all(test.fits(resource) for test in tests) for tests in part) for part in self.parts)

    def of_resource(self) -> Q:
        """Events whose own resource fits."""
        return Q(_Fits(self, "resource"))

    def of_one_related(self) -> Q:
        """Events with a related resource that fits."""
        return Q(_Fits(self, "related"))


def question(
    *,
    ids: Collection[str] | None = None,
    prefixes: Collection[str] | None = None,
    roles: Collection[str] | None = None,
    places: Collection[tuple[str, str]] | None = None,
    labels: Labels | None = None,
) -> Question:
    """What is empty asks nothing, except a label without values, which nothing fits. `places`: identifier and role."""
    parts = [
        tuple((Test(ID, id),) for id in ids or ()),
        tuple((Test(ID, prefix, "begins"),) for prefix in prefixes or ()),
        tuple((Test(ROLE, role),) for role in roles or ()),
        tuple((Test(ID, id), Test(ROLE, role)) for id, role in places or ()),
    ]
    asked = [part for part in parts if part]
    for label, values in (labels or {}).items():
        listed = [values] if isinstance(values, str) else values
        asked.append(tuple((Test(label, value.removeprefix("!"), "like", value.startswith("!")),) for value in listed))
    return Question(tuple(asked))


@lru_cache(maxsize=1000)
def _expression(value: str) -> re.Pattern[str]:
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(character) or re.escape(character) for character in value), re.DOTALL)


class _Fits(Func):
    """The question to a column of JSON: to the resource in `resource`, or to each of those in `related`."""

    output_field = BooleanField()
    conditional = True

    def __init__(self, question: Question, column: str) -> None:
        super().__init__(F(column))
        self._question = question
        self._column = column

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self._asked(compiler, _sqlite_test, "json_each({0}) AS one")

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self._asked(compiler, _postgresql_test, "jsonb_array_elements({0}) AS one(value)")

    def _asked(self, compiler: Any, test_sql: Any, each: str) -> tuple[str, list[Any]]:
        column, column_parameters = compiler.compile(self.source_expressions[0])
        one = column if self._column == "resource" else "one.value"
        one_parameters = column_parameters if self._column == "resource" else []
        parameters: list[Any] = []

        def written(test: Test) -> str:
            sql, more = test_sql(test, one)
            parameters.extend([*one_parameters, *more])
            return f"NOT ({sql})" if test.turned else sql

        parts = [" OR ".join(" AND ".join(map(written, tests)) for tests in part) for part in self._question.parts]
        asked = " AND ".join(f"({part or 'FALSE'})" for part in parts) or "TRUE"
        if self._column == "resource":
            return f"({asked})", parameters
        return f"EXISTS (SELECT 1 FROM {each.format(column)} WHERE {asked})", [*column_parameters, *parameters]


def _sqlite_test(test: Test, one: str) -> tuple[str, list[str]]:
    path = '$."' + test.label.replace('"', '\\"') + '"'
    if test.how == "is":
        return f"json_extract({one}, %s) = %s", [path, test.value]
    # `LIKE` ignores case here, and `GLOB` has sets in brackets besides.
    value = test.value.replace("[", "[[]")
    if test.how == "begins":
        value = re.sub(r"[*?]", r"[\g<0>]", value) + "*"
    return f"json_extract({one}, %s) GLOB %s", [path, value]


def _postgresql_test(test: Test, one: str) -> tuple[str, list[str]]:
    if test.how == "is":
        return f"{one} ->> %s = %s", [test.label, test.value]
    value = re.sub(r"[\\%_]", r"\\\g<0>", test.value)
    value = f"{value}%" if test.how == "begins" else value.replace("*", "%").replace("?", "_")
    return f"{one} ->> %s LIKE %s", [test.label, value]
