"""Identifiers that sort by time."""

from __future__ import annotations

import time

from orchestrator.contract.ids import uuid7
from orchestrator.contract.names import generate_name


def test_is_a_version_7_uuid_of_the_standard_variant():
    made = uuid7()

    assert made.version == 7
    assert made.variant == "specified in RFC 4122"


def test_carries_the_moment_in_which_it_was_made():
    before = time.time_ns() // 1_000_000

    milliseconds = uuid7().int >> 80

    assert before <= milliseconds <= time.time_ns() // 1_000_000


def test_sorts_by_the_millisecond():
    first = uuid7()
    time.sleep(0.002)
    second = uuid7()

    assert first < second
    assert str(first) < str(second)


def test_does_not_repeat_itself():
    assert len({uuid7() for _ in range(10_000)}) == 10_000


def test_names_a_run_with_two_words():
    first, second = generate_name().split("-")

    assert first.isalpha()
    assert second.isalpha()


def test_increases_within_a_millisecond() -> None:
    made = [uuid7() for _ in range(1000)]

    assert made == sorted(made)
