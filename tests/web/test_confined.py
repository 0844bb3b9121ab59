"""Calls in a process of their own."""

from __future__ import annotations

import os
import time

import pytest

from orchestrator.web.confined import Failed, TooCostly, confined


def double(number: int) -> int:
    return 2 * number


def environment() -> dict[str, str]:
    return dict(os.environ)


def fill_memory() -> int:
    return len(b"x" * 2_000_000_000)


def fail() -> None:
    raise LookupError("not here")


def test_returns_what_the_function_returns() -> None:
    assert [confined(double, number) for number in (1, 2, 3)] == [2, 4, 6]


def test_tells_what_the_function_raised() -> None:
    with pytest.raises(Failed, match="not here"):
        confined(fail)


def test_takes_nothing_but_json() -> None:
    with pytest.raises(Failed, match="not JSON serializable"):
        confined(range, 3)


def test_ends_what_takes_too_long_and_goes_on() -> None:
    with pytest.raises(TooCostly, match="too long"):
        confined(time.sleep, 60, seconds=0.2)

    assert confined(double, 4) == 8


def test_ends_what_takes_too_much_memory_and_goes_on() -> None:
    with pytest.raises(TooCostly, match="memory"):
        confined(fill_memory, seconds=20)

    assert confined(double, 4) == 8


def test_knows_nothing_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCHESTRATOR_SECRET_KEY", "known to the server")

    assert "known to the server" not in confined(environment).values()
