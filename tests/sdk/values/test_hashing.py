from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import dataclass
from datetime import date
from enum import Enum
from pathlib import PurePosixPath

import pytest
from pydantic import BaseModel, ConfigDict, model_serializer

from orchestrator import UnhashableValue
from orchestrator.sdk.values.hashing import digest


class Colour(Enum):
    RED = 1
    BLUE = 2


@dataclass
class Point:
    x: int
    y: list[int]


class Place(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    name: str = "here"
    thing: object = None


class Named(Place):
    @model_serializer
    def by_name(self):
        return {"name": self.name}


def add(a, b=1):
    return a + b


def add_more(a, b=1):
    return a + b + 1


SAME = [
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}),  # dictionaries have no order
    ({1: [1], 2: [2]}, {2: [2], 1: [1]}),
    ({1: "a", "1": "b"}, {"1": "b", 1: "a"}),
    ({"x", "y", "z"}, {"z", "y", "x"}),
    (Point(1, [2]), Point(1, [2])),
    (Colour.RED, Colour(1)),
    (date(2026, 1, 2), date(2026, 1, 2)),
    (["ab", "ab"], ["a" + "b", "".join(("a", "b"))]),  # equal, not identical
    (add, add),
    (Place(name="here"), Place()),
    (Named(thing=threading.Lock()), Named(thing=threading.Lock())),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_is_the_same_for_equal_values(one, other):
    assert digest(one) == digest(other)


OTHERS = [
    (1, True),
    (1, 1.0),
    (1, "1"),
    ([1], (1,)),
    ("ab", b"ab"),
    (["a", "b"], ["ab"]),
    ([1, 2], [1, True]),
    ([1, 2], (1, 2)),
    ([0, 1], [False, True]),
    ([[1], 2], [[1, 2]]),
    (Point(1, [2]), Point(1, [3])),
    (Colour.RED, Colour.BLUE),
    (PurePosixPath("a/b"), PurePosixPath("a/c")),
    (add, add_more),
    (lambda x: x + 1, lambda x: x + 2),
    (Point, Colour),
    (Place(name="here"), Place(name="there")),
    (Place(), Named()),
    (None, "None"),
]


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_differs_for_different_values(one, other):
    assert digest(one) != digest(other)


def test_counts_what_a_function_closes_over():
    def adder(step):
        return lambda x: x + step

    assert digest(adder(1)) == digest(adder(1))
    assert digest(adder(1)) != digest(adder(2))


def test_is_the_same_in_another_process():
    program = "from orchestrator.sdk.values.hashing import digest; print(digest({'b', 'a', 'c'}, {'k': (1, 2.5)}, 'é'))"

    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert told.strip() == digest({"c", "a", "b"}, {"k": (1, 2.5)}, "é")


def test_takes_a_value_that_holds_itself():
    one: list = [1]
    one.append(one)
    other: list = [1]
    other.append(other)

    assert digest(one) == digest(other)


@pytest.mark.parametrize(
    "value", [threading.Lock(), sys.stdout, (item for item in ())], ids=["lock", "file", "iterator"]
)
def test_refuses_what_has_no_content(value):
    with pytest.raises(UnhashableValue, match="cannot be hashed"):
        digest({"deep": [value]})


def test_refuses_what_is_nested_too_deeply():
    value: list = []
    for _ in range(20_000):
        value = [value]

    with pytest.raises(UnhashableValue, match="too deeply"):
        digest(value)
