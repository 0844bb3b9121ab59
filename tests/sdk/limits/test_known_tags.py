from __future__ import annotations

import os

import pytest

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.api.transport import HttpTransport
from orchestrator.sdk.limits import known_tags
from orchestrator.sdk.limits.known_tags import KnownTags


def test_knows_nothing_at_first() -> None:
    known = KnownTags()

    assert not known.are_unlimited(("a",))
    assert not known.are_limited(("a",))


def test_knows_each_tag_for_itself() -> None:
    known = KnownTags()

    known.note_unlimited(["a", "b"])

    assert known.are_unlimited(("a",))
    assert known.are_unlimited(("b", "a"))
    assert not known.are_unlimited(("a", "c"))


def test_takes_a_tag_for_limited_wherever_it_stands() -> None:
    known = KnownTags()

    known.note_limited(["a"])

    assert known.are_limited(("a", "b"))
    assert not known.are_limited(("b",))


def test_suspects_none_alone_of_several_of_which_one_is_limited() -> None:
    known = KnownTags()

    known.note_limited(["a", "b"])

    assert known.are_limited(("a", "b", "c"))
    assert not known.are_limited(("a",))


def test_believes_what_it_heard_last() -> None:
    known = KnownTags()

    known.note_unlimited(["a"])
    known.note_limited(["a"])
    assert known.are_limited(("a",))
    assert not known.are_unlimited(("a",))

    known.note_unlimited(["a"])
    assert known.are_unlimited(("a",))
    assert not known.are_limited(("a",))


def test_forgets_the_oldest_when_there_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_tags, "_MOST_TAGS", 3)
    known = KnownTags()

    for number in range(10):
        known.note_unlimited([f"free-{number}"])
        known.note_limited([f"scarce-{number}"])

    assert [number for number in range(10) if known.are_unlimited((f"free-{number}",))] == [7, 8, 9]
    assert [number for number in range(10) if known.are_limited((f"scarce-{number}",))] == [7, 8, 9]


def test_forgets_what_is_out_of_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_tags, "UNLIMITED_FOR_SECONDS", 0.0)
    known = KnownTags()

    known.note_unlimited(["a"])

    assert not known.are_unlimited(("a",))
    assert known._unlimited_until == {}


def test_lets_go_of_turns_that_nobody_takes() -> None:
    known = KnownTags()

    with known.turn(("a",)):
        assert len(known._turns) == 1

    assert len(known._turns) == 0


def test_waits_for_nobody_of_the_process_that_it_was_forked_from() -> None:
    client = Client(HttpTransport("http://127.0.0.1:9"))

    with known_tags.known_tags(client).turn(("a",)), known_tags._making:
        child = os.fork()
        if child == 0:
            try:
                free = known_tags._making.acquire(timeout=0.1)
                known_tags._making.release()
                turns = known_tags.known_tags(client)._turns
                os._exit(0 if free and ("a",) not in turns else 1)
            finally:
                os._exit(2)
        _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
