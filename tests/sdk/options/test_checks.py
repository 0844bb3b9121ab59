"""Values of options, checked where they are written."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from orchestrator import concurrency, flow, run_deployment, task
from orchestrator.sdk.options.checks import checked_id, checked_seconds, checked_words


@pytest.mark.parametrize(
    ("given", "seconds"), [(None, None), (0, 0.0), (1, 1.0), (0.5, 0.5), (timedelta(hours=1), 3600.0)]
)
def test_takes_numbers_of_seconds(given, seconds):
    assert checked_seconds(given, "timeout") == seconds


@pytest.mark.parametrize("given", [True, False, float("nan"), float("inf"), "5", -1, timedelta(seconds=-1), [1]])
def test_refuses_what_is_no_number_of_seconds(given):
    with pytest.raises(
        ValueError, match=r"timeout is .*; a number from 0 on is needed, in seconds, or None for no limit"
    ):
        checked_seconds(given, "timeout")


def test_refuses_zero_where_it_makes_no_sense():
    with pytest.raises(ValueError, match="timeout is 0; a number above 0 is needed"):
        checked_seconds(0, "timeout", zero=False)


@pytest.mark.parametrize("given", [True, float("nan"), "5", 0])
@pytest.mark.parametrize("decorator", [flow, task])
def test_refuses_it_in_decorators(decorator, given):
    with pytest.raises(ValueError, match="timeout_seconds is"):
        decorator(timeout_seconds=given)(lambda: None)


@pytest.mark.parametrize("given", [True, float("nan"), "5"])
def test_refuses_it_in_functions(given):
    with pytest.raises(ValueError, match="timeout_seconds is"):
        concurrency("database", timeout_seconds=given)
    with pytest.raises(ValueError, match="timeout is"):
        run_deployment("a/b", timeout=given)


def test_takes_lists_of_texts():
    assert checked_words(("a", "b"), "tags") == ["a", "b"]
    assert checked_words(None, "tags") == []


@pytest.mark.parametrize("given", ["one", b"one", 5, [5], ["a", None]])
def test_refuses_what_is_no_list_of_texts(given):
    with pytest.raises(TypeError, match="tags "):
        checked_words(given, "tags")


def test_takes_ids_as_text():
    one = UUID(int=1)

    assert checked_id(one, "id") == checked_id(str(one), "id") == one


@pytest.mark.parametrize("given", ["x", None, 1, b"1"])
def test_refuses_what_is_no_id(given):
    with pytest.raises(ValueError, match=r"id is .*; a UUID is needed"):
        checked_id(given, "id")
