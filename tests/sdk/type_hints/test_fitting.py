"""Values made what their type hints say."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, NewType, NotRequired, Optional, TypedDict, TypeVar
from uuid import UUID

import pytest

from orchestrator.sdk.type_hints.fitting import fit
from orchestrator.sdk.type_hints.misfits import Misfit

T = TypeVar("T")
MIDNIGHT = datetime(2026, 11, 21)  # noqa: DTZ001 - without a zone
NOON = datetime(2026, 11, 21, 12)  # noqa: DTZ001
AN_ID = "00000000-0000-0000-0000-00000000000a"
Customer = NewType("Customer", int)


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Size(IntEnum):
    SMALL = 1
    LARGE = 2


class Whole:
    """An integer of another library."""

    def __index__(self):
        return 12


@dataclass
class Point:
    x: int
    y: float = 0.5


@dataclass
class Line:
    points: list[Point]
    colour: Colour = Colour.RED
    names: list[str] = field(default_factory=list)


class Options(TypedDict):
    depth: int
    name: NotRequired[str]


class Pair(NamedTuple):
    left: int
    right: str = "r"


# value, hint -> what it becomes
FITTING = [
    ("3", int, 3),
    (" 3 ", int, 3),
    (3.0, int, 3),
    ("3.0", int, 3),
    (True, int, 1),
    (Decimal("7"), int, 7),
    (Fraction(1, 4), float, 0.25),
    (Whole(), int, 12),
    (3, float, 3.0),
    ("1.5", float, 1.5),
    ("yes", bool, True),
    ("off", bool, False),
    (1, bool, True),
    (b"abc", str, "abc"),
    ("abc", bytes, b"abc"),
    ("2026-11-21T10:00:00Z", datetime, datetime(2026, 11, 21, 10, tzinfo=UTC)),
    ("2026-11-21", datetime, MIDNIGHT),
    (date(2026, 11, 21), datetime, MIDNIGHT),
    (0, datetime, datetime(1970, 1, 1, tzinfo=UTC)),
    (1_700_000_000_000, datetime, datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),  # milliseconds
    ("2026-11-21", date, date(2026, 11, 21)),
    (MIDNIGHT, date, date(2026, 11, 21)),
    ("10:30", time, time(10, 30)),
    (90, timedelta, timedelta(seconds=90)),
    ("PT1H30M", timedelta, timedelta(minutes=90)),
    ("-P1DT2.5S", timedelta, -timedelta(days=1, seconds=2.5)),
    ("P2W", timedelta, timedelta(weeks=2)),
    ("1 day, 2:03:04", timedelta, timedelta(days=1, hours=2, minutes=3, seconds=4)),
    ("01:30", timedelta, timedelta(minutes=90)),
    ("90", timedelta, timedelta(seconds=90)),
    (AN_ID, UUID, UUID(AN_ID)),
    ("/tmp/x", Path, Path("/tmp/x")),
    ("1.10", Decimal, Decimal("1.10")),
    (0.1, Decimal, Decimal("0.1")),
    ("a+", re.Pattern, re.compile("a+")),
    ("red", Colour, Colour.RED),
    (Colour.BLUE, Colour, Colour.BLUE),
    ("2", Size, Size.LARGE),
    ("a", Literal["a", "b"], "a"),
    ("red", Literal[Colour.RED], Colour.RED),
    (["1", 2], list[int], [1, 2]),
    ((1, 2), list, [1, 2]),
    ([1, 1], set[int], {1}),
    (["1"], frozenset[int], frozenset({1})),
    ([1, "2"], deque[int], deque([1, 2])),
    (["1", "2"], tuple[int, str], (1, "2")),
    (["1", "2"], tuple[int, ...], (1, 2)),
    ([], tuple[()], ()),
    (("1",), Sequence[int], (1,)),
    (["1"], Iterable[int], [1]),
    ({"1": "2"}, dict[int, float], {1: 2.0}),
    ({"a": "2"}, Mapping[str, int], {"a": 2}),
    (None, Optional[int], None),  # noqa: UP045
    ("5", int | None, 5),
    ("5", int | str, "5"),  # it is a text already
    (5, float | int, 5),
    ("2026-11-21", date | str, "2026-11-21"),
    ("x", int | Literal["x"], "x"),
    ({"x": "1"}, Point, Point(1, 0.5)),
    (
        {"points": [{"x": 1, "y": 2}], "colour": "blue"},
        Line,
        Line([Point(1, 2.0)], Colour.BLUE),
    ),
    ({"depth": "2", "other": 1}, Options, {"depth": 2, "other": 1}),
    (["1"], Pair, Pair(1, "r")),
    ({"left": 1, "right": "x"}, Pair, Pair(1, "x")),
    ("7", Customer, 7),
    ("7", Annotated[int, "how many"], 7),
    (print, Callable[..., None], print),
    ("anything", Any, "anything"),
    ("anything", T, "anything"),
    (int, type[int], int),
]


@pytest.mark.parametrize(("value", "hint", "expected"), FITTING)
def test_makes_the_value_what_the_hint_says(value, hint, expected):
    made = fit(value, hint)

    assert made == expected
    assert type(made) is type(expected)


KEPT = [([1, 2], list[int]), ({"a": 1}, dict[str, int]), ({1}, set[int]), ((1, "a"), tuple[int, str])]


@pytest.mark.parametrize(("value", "hint"), [*KEPT, (Point(1), Point), ({"depth": 1}, Options), ([Point(1)], list)])
def test_leaves_what_fits_as_it_is(value, hint):
    assert fit(value, hint) is value


def test_does_not_use_up_a_generator():
    numbers = (number for number in "12")

    assert fit(numbers, Iterable[int]) is numbers
    assert fit(numbers, list[int]) == [1, 2]


# value, hint -> what is said about it
MISFITS = [
    ("x", int, "'x': int is expected"),
    (1.5, int, "1.5: int is expected"),
    (float("inf"), int, "inf: int"),
    ("3.1", int, "'3.1': int"),
    (Decimal("1E+1000000000"), int, "int is expected"),
    (5, str, "5: str is expected"),
    ("maybe", bool, "bool"),
    (True, timedelta, "timedelta"),
    ("soon", datetime, "'soon': datetime is expected"),
    (NOON, date, "date is expected"),
    ("P", timedelta, "timedelta"),
    (10**20, datetime, "datetime"),
    ("z", UUID, "UUID"),
    (None, int, "None: int is expected"),
    (3, type(None), "None is expected"),
    ("green", Colour, "Colour ('red', 'blue') is expected"),
    ("c", Literal["a", "b"], "one of 'a', 'b' is expected"),
    (1, Literal["1"], "one of '1'"),
    ("abc", list[str], "list[str] is expected"),
    ({"a": 1}, list, "list is expected"),
    ([1, "x", "y"], list[int], "[1] = 'x': int is expected; [2] = 'y': int is expected"),
    ([1], tuple[int, int], "1 items, not 2"),
    ([[]], set[Any], "unhashable"),
    ({"a": "x"}, dict[str, int], "['a'] = 'x': int is expected"),
    ("x", int | None, "int or None is expected"),
    ({}, Point, "'x' is missing"),
    ({"x": 1, "z": 2}, Point, "it has no 'z', but x, y"),
    ({"points": [{"x": "?"}]}, Line, ".points[0].x = '?': int is expected"),
    (3, Point, "Point is expected"),
    ({}, Options, "'depth' is missing"),
    ([1, "a", 2], Pair, "3 items, not 2"),
    (object(), Exception, "Exception is expected"),
    (3, Callable, "Callable is expected"),
    ("a(", re.Pattern, "Pattern"),
]


@pytest.mark.parametrize(("value", "hint", "said"), MISFITS)
def test_refuses_what_cannot_be_made_of_it(value, hint, said):
    with pytest.raises(Misfit) as refused:
        fit(value, hint)

    assert said in str(refused.value)


def test_says_what_a_dataclass_says_against_its_values():
    @dataclass
    class Positive:
        number: int

        def __post_init__(self):
            if self.number < 0:
                raise ValueError("must not be negative")

    with pytest.raises(Misfit, match="must not be negative"):
        fit({"number": "-1"}, Positive)


def test_does_not_repeat_a_long_value():
    with pytest.raises(Misfit) as refused:
        fit("x" * 100_000, int)

    assert len(str(refused.value)) < 200


def test_does_not_list_a_million_problems():
    with pytest.raises(Misfit) as refused:
        fit(["x"] * 1000, list[int])

    assert len(refused.value.problems) == 20
