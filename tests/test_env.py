"""Environment variables, read or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.env import BadSetting, Env


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", True), ("TRUE", True), ("on", True), ("0", False), ("no", False), ("", True)],  # empty means the default
)
def test_reads_flags(text, value):
    assert Env({"X": text}).flag("X", True) is value


@pytest.mark.parametrize(
    ("read", "text", "expected"),
    [
        (lambda env: env.flag("X", True), "maybe", "true or false"),
        (lambda env: env.integer("X", 1), "many", "a whole number of at least 0"),
        (lambda env: env.integer("X", 1, least=1, most=64), "65", "at least 1 and at most 64"),
        (lambda env: env.seconds("X", 1.0), "-1", "a number of seconds"),
        (lambda env: env.choice("X", "open", "open", "required"), "shut", "one of open, required"),
        (lambda env: env.url("X", "", "redis"), "http://x", "redis://"),
    ],
)
def test_names_the_variable_and_what_was_expected(read, text, expected):
    with pytest.raises(BadSetting) as raised:
        read(Env({"X": text}))

    assert str(raised.value).startswith(f"X={text!r} is not usable: expected ")
    assert expected in str(raised.value)


def test_takes_an_absent_variable_for_its_default():
    env = Env({})

    assert env.integer("X", 7) == 7
    assert env.words("X", ("*",)) == ["*"]
    assert env.url("X", "", "redis") == ""


def test_reads_words_between_commas():
    assert Env({"X": "a, b,,c "}).words("X") == ["a", "b", "c"]


def test_finds_the_home_of_the_user_in_a_directory():
    assert Env({"X": "~/data"}).directory("X", "") == Path.home() / "data"
