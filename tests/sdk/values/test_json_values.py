from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import Enum
from pathlib import Path
from uuid import UUID

import pytest

from orchestrator.sdk.values.json_values import encode, to_json


class Color(Enum):
    RED = "red"


@dataclass
class Point:
    x: int
    y: float


class Opaque:
    pass


class Undumpable:
    def model_dump(self):
        raise ValueError("cyclic")


# value -> its nearest JSON value
NEAREST = [
    ({1: (2, {3})}, {"1": [2, [3]]}),
    (float("nan"), "nan"),
    (float("inf"), "inf"),
    (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00.000000Z"),
    (timedelta(seconds=1.5), "PT1.5S"),
    (timedelta(days=400, hours=2, seconds=61), "P400DT2H1M1S"),
    (timedelta(seconds=-90), "-PT1M30S"),
    (timedelta(days=3), "P3D"),
    (time(10, 30), "10:30:00"),
    (re.compile("a+"), "a+"),
    (timedelta(0), "PT0S"),
    (Color.RED, "red"),
    (Point(1, 2.5), {"x": 1, "y": 2.5}),
    (Path("a/b"), "a/b"),
    (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (Opaque(), "<Opaque>"),
    (Opaque, "<type>"),
    (Undumpable(), "<Undumpable>"),
    # half of a surrogate pair is no text that UTF-8 could carry
    ("\ud800", "?"),
]


@pytest.mark.parametrize(("value", "expected"), NEAREST)
def test_finds_the_nearest_json_value(value, expected):
    assert to_json(value) == expected
    assert json.loads(encode([value])) == [expected]


def test_ends_for_a_value_that_contains_itself():
    endless: list = []
    endless.append(endless)

    assert encode(endless)
